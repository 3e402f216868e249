/// The lines of /proc/PID/cgroup (cgroups(7)): `hierarchy:controllers:path`. Parsed in place, because every connection needs it.
struct ControlGroupFile {
    typealias Bytes = Slice<UnsafeRawBufferPointer>
    private let content: UnsafeRawBufferPointer

    /// `nil` unless the content ends with a complete line.
    init?(_ content: UnsafeRawBufferPointer) {
        guard content.last == UInt8(ascii: "\n") else { return nil }
        self.content = content
    }

    /// The control group that systemd manages: the path in the unified hierarchy ("0::/…"). On a host with legacy hierarchies, where the unified path
    /// is "/", it is the path in systemd's own hierarchy ("1:name=systemd:/…"). `nil` if there is neither, or if the control group was deleted.
    var systemdPath: Bytes? {
        var unified: Bytes?
        var named: Bytes?
        var rest = content[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            guard let line = ControlGroupLine(rest[..<end]) else { return nil }
            if line.isUnified { unified = line.path } else if line.isSystemd { named = line.path }
            rest = rest[(end + 1)...]
        }
        guard let path = unified.map({ $0.count > 1 ? $0 : named ?? $0 }) ?? named else { return nil }
        return path.suffix(10).elementsEqual(" (deleted)".utf8) ? nil : path
    }
}

private struct ControlGroupLine {
    let hierarchy: ControlGroupFile.Bytes
    let controllers: ControlGroupFile.Bytes
    /// Begins with "/". May contain colons.
    let path: ControlGroupFile.Bytes

    init?(_ line: ControlGroupFile.Bytes) {
        let colon = UInt8(ascii: ":")
        guard let first = line.firstIndex(of: colon) else { return nil }
        hierarchy = line[..<first]
        guard let second = line[(first + 1)...].firstIndex(of: colon) else { return nil }
        controllers = line[(first + 1)..<second]
        path = line[(second + 1)...]
        guard path.first == UInt8(ascii: "/") else { return nil }
    }

    var isUnified: Bool { controllers.isEmpty && hierarchy.elementsEqual("0".utf8) }
    var isSystemd: Bool { controllers.count == 12 && controllers.elementsEqual("name=systemd".utf8) }
}
