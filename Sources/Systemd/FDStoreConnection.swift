internal import CSystemd
internal import Glibc

/// Connections in the file descriptor store of systemd: they survive the process, and systemd passes them to the next one (sd_pid_notify_with_fds(3),
/// `FDSTORE=1`). The peer sees no end of the connection while no process answers.
package enum FDStoreConnection {
    private static let prefix = "waiting-"

    /// The connections that a crashed process left and whose peers are still connected. The caller must close them. Call it once.
    package static func inherited() -> [Int32] {
        inheritedDescriptors { $0.hasPrefix(prefix) }.filter { fd in
            if sd_is_socket_unix(fd, Int32(SOCK_STREAM.rawValue), 0, nil, 0) > 0, isPeerConnected(fd), fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 { return true }
            close(fd)
            return false
        }
    }

    /// Adds a connection to the file descriptor store, within `FileDescriptorStoreMax=`. Returns `false` if systemd did not receive the message.
    package static func store(_ fd: Int32) -> Bool {
        guard let name = name(of: fd) else { return false }
        return NotifySocket.send("FDSTORE=1\nFDNAME=\(name)", passing: fd, .waitOnce)
    }

    /// Removes a connection from the file descriptor store.
    package static func remove(_ fd: Int32) {
        if let name = name(of: fd) { NotifySocket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", .waitOnce) }
    }

    /// Whether the peer has not hung up. A peer that shut down only its sending side may still read.
    package static func isPeerConnected(_ fd: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// The name in the file descriptor store. It contains the inode of the socket, which is the same in every process, so that the next process can
    /// remove the connection.
    static func name(of fd: Int32) -> String? {
        var facts = stat()
        return fstat(fd, &facts) == 0 ? "\(prefix)\(facts.st_ino)" : nil
    }

    // MARK: whether a reply was started

    /// Marks on the socket that a reply has started, so that the mark survives a crash. SO_PRIORITY has no other use on a Unix socket.
    package static func markReplyStarted(_ fd: Int32) {
        var priority = answered
        setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether this process or an earlier one has started a reply.
    package static func hasReplyStarted(_ fd: Int32) -> Bool {
        var priority: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, &size) == 0 && priority == answered
    }

    /// The highest priority that needs no privilege (socket(7)).
    private static let answered: Int32 = 6
}
