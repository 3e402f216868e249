internal import CShims
internal import CSystemd
internal import Glibc

/// A listening Unix stream socket that systemd passed.
package struct ListeningSocket: Hashable, Sendable {
    package let fd: Int32
    /// `FileDescriptorName=` of the socket unit. Its default is the name of the unit.
    package let name: String
}

/// The listening Unix stream sockets that systemd passed (sd_listen_fds(3)), set to non-blocking. Other descriptors, from the file descriptor store,
/// are not touched. It may be called repeatedly.
package func inheritedSockets() -> [ListeningSocket] {
    let sockets = inheritedNames().enumerated().map { ListeningSocket(fd: SD_LISTEN_FDS_START + Int32($0.offset), name: $0.element) }
        .filter { sd_is_socket_unix($0.fd, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0 }
    for socket in sockets { makeNonBlocking(socket.fd) }
    return sockets
}

/// The descriptors that systemd passed with this name, of any type.
func inheritedDescriptors(named name: String) -> [Int32] { inheritedDescriptors { $0 == name } }

func inheritedDescriptors(where isMeant: (String) -> Bool) -> [Int32] {
    inheritedNames().enumerated().filter { isMeant($0.element) }.map { SD_LISTEN_FDS_START + Int32($0.offset) }
}

/// The names of all passed descriptors, in the order of their numbers.
private func inheritedNames() -> [String] {
    var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
    let count = sd_listen_fds_with_names(0, &names)
    guard count > 0, let names else { return [] }
    defer { free(names) }
    return (0..<Int(count)).map { index in
        defer { free(names[index]) }
        return names[index].map { String(cString: $0) } ?? ""
    }
}

private func makeNonBlocking(_ fd: Int32) {
    _ = fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK)
}

/// Creates a non-blocking socket that listens at a path, with the permission bits `mode` (0o666). The folder must exist.
///
/// A socket file that no process listens on any more is removed. It throws if a process listens there, or if the file is not a socket.
package func listen(at path: String, mode: UInt32, backlog: Int32 = 4096) throws(SystemError) -> Int32 {
    try requireTrustedFolder(of: path, "cannot listen at '\(path)'")
    try removeStaleSocketOrThrow(at: path)
    let fd = try SystemError.check(tokend_unix_stream(), "cannot listen at '\(path)'")
    do throws(SystemError) {
        _ = try SystemError.check(tokend_unix_bind(fd, path), "cannot listen at '\(path)'")
        // nobody can connect between bind and listen, so the mode is set before the first connection
        guard chmod(path, mode) == 0, Glibc.listen(fd, backlog) == 0 else {
            throw SystemError("cannot listen at '\(path)'", errno: errno)
        }
        return fd
    } catch {
        close(fd)
        throw error
    }
}

/// Throws unless every folder of the path is safe for root: no other user may be able to replace a part of the path. A socket's mode is set by its
/// path.
///
/// - Parameter what: the operation, for the error text.
package func requireTrustedFolder(of path: String, _ what: @autoclosure () -> String) throws(SystemError) {
    var folder = path
    while folder.hasSuffix("/") { folder.removeLast() }
    folder = folder.lastIndex(of: "/").map { String(folder[...$0]) } ?? "."
    let (result, reason) = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(TOKEND_LONGEST_REASON)) { room in
        guard let base = room.baseAddress else { return (-ENOMEM, "") }
        return (tokend_open_folder(folder, base, room.count), String(cString: base))
    }
    if result >= 0 { close(result) }
    guard reason.isEmpty else { throw SystemError("\(what()): \(reason)", errno: EPERM) }
    guard result >= 0 else { throw SystemError(what(), errno: -result) }
}

private func removeStaleSocketOrThrow(at path: String) throws(SystemError) {
    switch tokend_not_a_socket(path) {
    case 0: try removeStaleSocket(at: path)
    case 1: throw SystemError("'\(path)' is not a socket; move it away or choose another path", errno: EEXIST)
    default: return
    }
}

private func removeStaleSocket(at path: String) throws(SystemError) {
    let probe = try SystemError.check(tokend_unix_stream(), "cannot listen at '\(path)'")
    defer { close(probe) }
    switch tokend_unix_connect(probe, path) {
    case -ECONNREFUSED:
        guard unlink(path) == 0 else { throw SystemError("cannot remove the dead socket '\(path)'", errno: errno) }
    case let result where result == 0 || result == -EAGAIN || result == -EPROTOTYPE:
        throw SystemError("another process listens at '\(path)'", errno: EADDRINUSE)
    case let result:
        throw SystemError("cannot check whether a process listens at '\(path)'", errno: -result)
    }
}
