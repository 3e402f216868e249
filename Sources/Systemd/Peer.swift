internal import CShims
internal import Glibc

/// The peer of a connection, as the kernel identifies it.
package struct Peer: Sendable {
    package let uid: UInt32
    package let gid: UInt32
    /// The process that connected. Only for logs: it may have ended, and its PID may have been reused.
    package let pid: Int32
    /// The supplementary groups at the time of connect(2), limited to the requested ones, in ascending order. They may lack the primary group.
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

/// How the process of a connection is pinned while its unit is read.
package enum IdentificationMethod: Sendable, CaseIterable {
    /// The best method that the kernel has.
    case best
    /// SO_PEERPIDFD, Linux 6.5: refers to the process that connected, even if its PID was reused.
    case peerPidfd
    /// pidfd_open(2), Linux 5.3: refers to the process that has the PID at the time of the call.
    case pidfdOpen
}

/// Identifies the process that connected. Call it right after accept; it makes about six short system calls.
///
/// A process that has ended or is not visible here (another PID namespace, PID 0) is returned with its uid and groups and the unit `.failed`.
///
/// - Parameters:
///   - fromBacklog: the connection was in the backlog before the daemon accepted its first one, so its PID may have been reused. If only
///     pidfd_open(2) is available, its unit is `.missed`.
///   - needsUnit: `false` leaves the unit, the expensive part, `.untold`. That is done only if the kernel can still tell it later, because the
///     connection pins the process (SO_PEERPIDFD).
///   - named: the supplementary groups to report, in ascending order. A process may have 65,536 groups, and only those in a rule matter.
/// - Returns: `nil` if `fd` is not a connected Unix socket.
package func identifyPeer(
    of fd: Int32, method: IdentificationMethod = .best, fromBacklog: Bool = false, needsUnit: Bool = true, among named: [UInt32] = []
) -> Peer? {
    var credentials = tokend_credentials()
    guard tokend_peer_credentials(fd, &credentials) == 0, credentials.uid != .max else { return nil }
    // computed while there are descriptors, and cached for good
    _ = unitRoot
    let deferUnit = !needsUnit && method != .pidfdOpen && connectionsPinPeers
    return Peer(
        uid: credentials.uid, gid: credentials.gid, pid: credentials.pid, groups: peerGroups(of: fd, among: named),
        unit: deferUnit ? .untold : unit(of: fd, pid: credentials.pid, method: method, fromBacklog: fromBacklog))
}

/// The peer without unit and groups: one system call. `nil` if `fd` is not a connected Unix socket.
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

/// The name of the process (/proc/PID/comm, at most 15 bytes). The process chooses it, so it is for logs only. Empty if the process has ended. The
/// process is checked before and after reading, so the name is never that of another process with the same PID. Before Linux 6.5 it may be, if the
/// process ended before this call.
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

/// Whether a connection pins the process that made it (SO_PEERPIDFD, Linux 6.5), so that its unit can be read later.
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

/// The PID belongs to the pinned process until that process ends. If it is alive after reading, it was alive during reading, and the content is that
/// of this process.
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

/// The control group below which systemd has its units. It is "" on a host. In a container without a cgroup namespace it is derived from PID 1.
private let unitRoot: String = {
    let content = try? withProcFile(1, "cgroup", capacity: 8192) { String(decoding: $0, as: UTF8.self) }.get()
    return unitRoot(ofFirstProcess: content ?? "")
}()

/// systemd itself runs in `init.scope`, next to its slices.
func unitRoot(ofFirstProcess content: String) -> String {
    var content = content
    return content.withUTF8 { bytes in
        guard let path = ControlGroupFile(UnsafeRawBufferPointer(bytes))?.systemdPath else { return "" }
        let text = String(decoding: path, as: UTF8.self)
        return text.hasSuffix("/init.scope") ? String(text.dropLast(11)) : ""
    }
}

/// The supplementary groups of the peer at the time of connect(2) that are in `named` (ascending). The result is ascending and has no duplicates.
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

/// Binary search.
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

/// Calls `body` with the content of /proc/PID/NAME if it can be read and fits.
private func withProcFile<R>(
    _ pid: Int32, _ name: StaticString, capacity: Int, _ body: (UnsafeRawBufferPointer) -> R
) -> Result<R, SystemError> {
    withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { room in
        let count = tokend_read_proc(pid, name.utf8Start, room.baseAddress!, room.count)
        guard count >= 0, count < room.count else { return .failure(SystemError("cannot read /proc of a process", errno: count < 0 ? Int32(-count) : E2BIG)) }
        return .success(body(UnsafeRawBufferPointer(rebasing: room[..<Int(count)])))
    }
}
