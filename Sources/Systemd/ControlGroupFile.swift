/// The lines of /proc/PID/cgroup (cgroups(7)): `hierarchy:controllers:path`.
struct ControlGroupFile {
    typealias Bytes = Slice<UnsafeRawBufferPointer>
    private let content: UnsafeRawBufferPointer

    /// `nil` if the content does not end with a whole line.
    init?(_ content: UnsafeRawBufferPointer) {
        guard content.last == UInt8(ascii: "\n") else { return nil }
        self.content = content
    }

    /// Where systemd put the process: the path in the unified hierarchy ("0::/…"); on a host with the old hierarchies, where that
    /// one is not in use, the path in systemd's own ("1:name=systemd:/…"). `nil` if neither is there, makes no sense, or is gone.
    var systemdPath: Bytes? {
        var unified: Bytes?
        var named: Bytes?
        for line in content.split(separator: UInt8(ascii: "\n")) {
            guard let (hierarchy, controllers, path) = fields(of: line) else { return nil }
            if hierarchy.elementsEqual("0".utf8), controllers.isEmpty { unified = path }
            if controllers.elementsEqual("name=systemd".utf8) { named = path }
        }
        guard let path = unified.map({ $0.count > 1 ? $0 : named ?? $0 }) ?? named else { return nil }
        return path.suffix(10).elementsEqual(" (deleted)".utf8) ? nil : path
    }

    /// The path may itself contain colons.
    private func fields(of line: Bytes) -> (hierarchy: Bytes, controllers: Bytes, path: Bytes)? {
        let colon = UInt8(ascii: ":")
        let fields = line.split(separator: colon, maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3, fields[2].first == UInt8(ascii: "/") else { return nil }
        return (fields[0], fields[1], fields[2])
    }
}
