/// The systemd unit in which a process runs.
package enum PeerUnit: Hashable, Sendable {
    /// A `*.service` as systemd names it: "erp-sync.service", "worker@7.service". A `user@UID.service` is reported as such.
    case unit(String)
    /// Not in a service: in a session, in a scope, or without systemd.
    case none
    /// Not read yet. `peerUnit(of:)` reads it.
    case untold
    /// The connection is older than the daemon's first accept, and only its PID is known (Linux before 6.5), which may have been reused. The unit of
    /// a later connection of the same process can be read.
    case missed
    /// No descriptor or no memory was left. It can be read later, or for another connection.
    case exhausted
    /// It could not be determined: the process ended, or the content is not valid. It never grants access.
    case failed
}

/// The unit in the content of /proc/PID/cgroup (cgroups(7)). In systemd's layout, the path consists of slices, then the unit, then control groups
/// that the unit created.
///
/// Control groups below the unit are ignored: a unit with `Delegate=` chooses their names.
/// - Parameter root: the control group below which systemd has its units: "" or "/name", without a trailing "/".
package func unitName(cgroup content: String, below root: String = "") -> PeerUnit {
    var content = content
    return content.withUTF8 { unitName(cgroup: UnsafeRawBufferPointer($0), below: root) }
}

package func unitName(cgroup content: UnsafeRawBufferPointer, below root: String = "") -> PeerUnit {
    guard let path = ControlGroupFile(content)?.systemdPath else { return .failed }
    return unit(at: path, below: root)
}

private func unit(at path: ControlGroupFile.Bytes, below root: String) -> PeerUnit {
    guard path.starts(with: root.utf8) else { return .none }
    var rest = path.dropFirst(root.utf8.count)
    // each name is between a slash and the next one
    while rest.first == UInt8(ascii: "/"), rest.count > 1 {
        rest = rest.dropFirst()
        let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let name = unescaped(rest[..<end])
        rest = rest[end...]
        if hasUnitName(name, suffix: ".slice") { continue }
        return hasUnitName(name, suffix: ".service") ? .unit(String(decoding: name, as: UTF8.self)) : .none
    }
    return .none
}

/// systemd prefixes names that could collide with kernel files with "_".
private func unescaped(_ folder: ControlGroupFile.Bytes) -> ControlGroupFile.Bytes {
    folder.first == UInt8(ascii: "_") ? folder.dropFirst() : folder
}

/// Whether it is a valid name of a service.
func isServiceName(_ name: some BidirectionalCollection<UInt8>) -> Bool { hasUnitName(name, suffix: ".service") }

/// systemd.unit(5): letters, digits and `:-_.\@`, at most 255 bytes, with a prefix before the suffix.
private func hasUnitName(_ name: some BidirectionalCollection<UInt8>, suffix: StaticString) -> Bool {
    let length = suffix.utf8CodeUnitCount
    guard name.count > length, name.count <= 255 else { return false }
    let ending = UnsafeRawBufferPointer(start: suffix.utf8Start, count: length)
    return name.suffix(length).elementsEqual(ending) && name.first != UInt8(ascii: "@") && name.allSatisfy(isUnitByte)
}

private func isUnitByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "_"),
        UInt8(ascii: "."), UInt8(ascii: "\\"), UInt8(ascii: "@"):
        true
    default:
        false
    }
}
