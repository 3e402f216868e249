internal import CShims
internal import Glibc

/// Who is at the other end of a connection, as the kernel says.
package struct Peer: Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// The process that connected. For the record only: it may have ended since, and its number may be another's.
    package let pid: Int32
    /// Supplementary groups at the moment of the connect that were asked about, ascending; the primary group is not always among them.
    package let groups: [UInt32]
    package let unit: PeerUnit

    package init(uid: UInt32, gid: UInt32, pid: Int32, groups: [UInt32] = [], unit: PeerUnit = .none) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.groups = groups
        self.unit = unit
    }

}

/// How the process behind a connection is pinned while its unit is read.
package enum IdentificationMethod: Sendable, CaseIterable {
    /// The first that the kernel has.
    case best
    /// SO_PEERPIDFD, Linux 6.5: names the process that connected, whatever became of its number.
    case peerPidfd
    /// pidfd_open(2), Linux 5.3: names the process that has the number when it is called.
    case pidfdOpen
}

/// Asks the kernel who connected. Meant to be called right after accept; about six short system calls.
///
/// `nil` if `fd` is not a connected Unix socket. A process that has ended, or cannot be seen from here (another PID namespace, pid
/// 0), gives its uid and groups, with the unit `.failed`.
/// A connection that was `waiting` before this daemon began to accept may be older than its process number: where only
/// pidfd_open(2) exists, it gets the unit `.missed`.
///
/// Of the supplementary groups only those in `named` are told, which ascend: a process may have 65,536 of them, and nobody has to keep those that no
/// rule names.
///
/// Where `needsUnit` is false the unit, the costly part, is left `.untold`; but only if the kernel can tell it later as well as
/// now, because the connection itself pins the process (SO_PEERPIDFD).
package func identifyPeer(
    of fd: Int32, method: IdentificationMethod = .best, fromBacklog: Bool = false, needsUnit: Bool = true, among named: [UInt32] = []
) -> Peer? {
    var credentials = tokend_credentials()
    guard tokend_peer_credentials(fd, &credentials) == 0, credentials.uid != .max else { return nil }
    // found out while there are descriptors: it holds for good
    _ = unitRoot
    let deferUnit = !needsUnit && method != .pidfdOpen && connectionsPinPeers
    return Peer(
        uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, groups: peerGroups(of: fd, among: named),
        unit: deferUnit ? .untold : unit(of: fd, pid: credentials.pid, method: method, fromBacklog: fromBacklog))
}

/// Who connected, by numbers alone: one system call. `nil` if `fd` is not a connected Unix socket.
package func peerCredentials(of fd: Int32) -> Peer? {
    var credentials = tokend_credentials()
    guard tokend_peer_credentials(fd, &credentials) == 0, credentials.uid != .max else { return nil }
    return Peer(uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, unit: .untold)
}

/// The unit of a peer that was identified without it.
package func peerUnit(of fd: Int32) -> PeerUnit {
    var credentials = tokend_credentials()
    guard tokend_peer_credentials(fd, &credentials) == 0 else { return .failed }
    return unit(of: fd, pid: credentials.pid, method: .peerPidfd, fromBacklog: false)
}

/// What the process behind a connection calls itself (/proc/PID/comm, at most 15 bytes): its own claim, fit for a record and for nothing else. ""
/// once it has ended. It is read between two looks at the process, so that it is never another's of the same number; before Linux 6.5 it may be,
/// where the process ended before this is called.
package func peerName(of fd: Int32) -> String {
    var credentials = tokend_credentials()
    guard tokend_peer_credentials(fd, &credentials) == 0, credentials.pid > 0 else { return "" }
    let own = tokend_peer_pidfd(fd)
    let pidfd = own == -ENOPROTOOPT ? tokend_pidfd_open(credentials.pid) : own
    guard pidfd >= 0 else { return "" }
    defer { close(pidfd) }
    let name = processName(credentials.pid)
    return tokend_pidfd_alive(pidfd) == 1 ? name : ""
}

/// Whether the kernel keeps hold of the process behind a connection (SO_PEERPIDFD, Linux 6.5), so that it can be looked at later.
package let connectionsPinPeers = tokend_connections_pin_peers() == 1

private func unit(of fd: Int32, pid: Int32, method: IdentificationMethod, fromBacklog: Bool) -> PeerUnit {
    let pidfd: Int32
    switch method {
    case .peerPidfd:
        pidfd = tokend_peer_pidfd(fd)
    case .pidfdOpen:
        if fromBacklog { return .missed }
        pidfd = tokend_pidfd_open(pid)
    case .best:
        let own = tokend_peer_pidfd(fd)
        if own == -ENOPROTOOPT { return unit(of: fd, pid: pid, method: .pidfdOpen, fromBacklog: fromBacklog) }
        pidfd = own
    }
    guard pidfd >= 0 else { return SystemError.isShortage(-pidfd) ? .exhausted : .failed }
    defer { close(pidfd) }
    return unit(of: pid, pinnedBy: pidfd)
}

/// The number belongs to the pinned process until that has ended, and an end is for good: if it still runs after the reading,
/// it ran all the while, and what was read is its.
private func unit(of pid: Int32, pinnedBy pidfd: Int32) -> PeerUnit {
    let unit = unit(ofPID: pid)
    return tokend_pidfd_alive(pidfd) == 1 ? unit : .failed
}

/// The unit in which this process runs.
func unitOfThisProcess() -> PeerUnit { unit(ofPID: getpid()) }

private func unit(ofPID pid: Int32) -> PeerUnit {
    switch withProcFile(pid, "cgroup", capacity: 8192, { unitName(cgroup: $0, below: unitRoot) }) {
    case .success(let unit): unit
    case .failure(let error): SystemError.isShortage(error.errno) ? .exhausted : .failed
    }
}

/// The folder of systemd's units: "" on a host; in a container without a cgroup namespace, the one in which its first process is.
private let unitRoot: String = {
    let content = try? withProcFile(1, "cgroup", capacity: 8192) { String(decoding: $0, as: UTF8.self) }.get()
    return unitRoot(ofFirstProcess: content ?? "")
}()

/// systemd keeps itself in `init.scope`, beside its slices.
func unitRoot(ofFirstProcess content: String) -> String {
    var content = content
    return content.withUTF8 { bytes in
        guard let path = ControlGroupFile(UnsafeRawBufferPointer(bytes))?.systemdPath else { return "" }
        let text = String(decoding: path, as: UTF8.self)
        return text.hasSuffix("/init.scope") ? String(text.dropLast(11)) : ""
    }
}

/// The supplementary groups of a peer at the moment of the connect, of those in `named` (ascending), ascending and each once.
package func peerGroups(of fd: Int32, among named: [UInt32]) -> [UInt32] {
    guard !named.isEmpty else { return [] }
    var needed = 0
    let few = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) { room in
        let count = tokend_peer_groups(fd, room.baseAddress!, room.count, &needed)
        return count >= 0 ? found(UnsafeBufferPointer(rebasing: room[..<Int(count)]), among: named) : nil
    }
    if let few { return few }
    let room = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: needed)
    defer { room.deallocate() }
    let count = room.baseAddress.map { Int(tokend_peer_groups(fd, $0, room.count, &needed)) } ?? 0
    return found(UnsafeBufferPointer(rebasing: room[..<max(count, 0)]), among: named)
}

private func found(_ groups: UnsafeBufferPointer<UInt32>, among named: [UInt32]) -> [UInt32] {
    guard let least = named.first, let greatest = named.last else { return [] }
    return Set(groups.lazy.filter { $0 >= least && $0 <= greatest && sortedContains(named, $0) }).sorted()
}

/// A search by halves.
private func sortedContains(_ ascending: [UInt32], _ wanted: UInt32) -> Bool {
    var (low, high) = (0, ascending.count)
    while low < high {
        let middle = (low + high) / 2
        if ascending[middle] < wanted { low = middle + 1 } else { high = middle }
    }
    return low < ascending.count && ascending[low] == wanted
}

private func processName(_ pid: Int32) -> String {
    let name = withProcFile(pid, "comm", capacity: 64) { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    return (try? name.get()) ?? ""
}

/// Lends the content of /proc/PID/NAME, if it can be read and fits.
private func withProcFile<R>(
    _ pid: Int32, _ name: StaticString, capacity: Int, _ body: (UnsafeRawBufferPointer) -> R
) -> Result<R, SystemError> {
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { room in
        let count = tokend_read_proc(pid, name.utf8Start, room.baseAddress!, room.count)
        guard count >= 0, count < room.count else { return .failure(SystemError("cannot read of a process", errno: count < 0 ? Int32(-count) : E2BIG)) }
        return .success(body(UnsafeRawBufferPointer(rebasing: room[..<Int(count)])))
    }
}
