/// The systemd unit in which a process runs.
package enum PeerUnit: Hashable, Sendable {
    /// A `*.service`, as systemd names it: "erp-sync.service", "worker@7.service". A `user@UID.service` is told as it is.
    case unit(String)
    /// Not in a service: a session, a scope, or no systemd.
    case none
    /// Nobody has looked yet; `peerUnit(of:)` does.
    case untold
    /// The connection was made before anybody accepted here, and of its process only the number is known (Linux before 6.5): too late to
    /// look. Another connection of the same process can be told.
    case missed
    /// There was no descriptor or no memory to look with. It can be told later, or on another connection.
    case exhausted
    /// It could not be found out: the process ended, or the kernel's answer made no sense. Never grounds for a yes.
    case failed
}

/// The unit in the content of /proc/PID/cgroup (cgroups(7)), by systemd's layout: slices, then the unit, then what the unit made itself.
///
/// Nothing below the unit is looked at: a unit with `Delegate=` names those folders as it likes.
/// `root` is the folder under which systemd keeps its units ("" or "/name", without "/" at its end).
package func unitName(cgroup content: String, below root: String = "") -> PeerUnit {
    var content = content
    return content.withUTF8 { unitName(cgroup: UnsafeRawBufferPointer($0), below: root) }
}

/// The same for the bytes as they were read.
package func unitName(cgroup content: UnsafeRawBufferPointer, below root: String = "") -> PeerUnit {
    guard let path = ControlGroupFile(content)?.systemdPath else { return .failed }
    return unit(at: path, below: root)
}

private func unit(at path: ControlGroupFile.Bytes, below root: String) -> PeerUnit {
    guard path.starts(with: root.utf8) else { return .none }
    var rest = path.dropFirst(root.utf8.count)
    // each folder is what lies between a slash and the next one
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

/// systemd puts "_" before a name that the kernel could take for one of its own files.
private func unescaped(_ folder: ControlGroupFile.Bytes) -> ControlGroupFile.Bytes {
    folder.first == UInt8(ascii: "_") ? folder.dropFirst() : folder
}

/// Whether it is the name of a service, as systemd writes it.
func isServiceName(_ name: some BidirectionalCollection<UInt8>) -> Bool { hasUnitName(name, suffix: ".service") }

/// systemd.unit(5): letters, digits and `:-_.\@`, at most 255, with something before the suffix.
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
