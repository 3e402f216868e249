internal import CSystemd
internal import Glibc

/// Connections that outlive the process: systemd keeps a copy of each descriptor and gives it to the next one (sd_pid_notify_with_fds(3),
/// `FDSTORE=1`). Its peer sees no end while nobody answers.
package enum FDStoreConnection {
    private static let prefix = "waiting-"

    /// Those that a process that crashed has left, and whose peers are still there; each is the caller's to close. To be asked once.
    package static func inherited() -> [Int32] {
        inheritedDescriptors { $0.hasPrefix(prefix) }.filter { fd in
            if sd_is_socket_unix(fd, Int32(SOCK_STREAM.rawValue), 0, nil, 0) > 0, isPeerConnected(fd), fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 { return true }
            close(fd)
            return false
        }
    }

    /// Asks systemd to keep one, as far as `FileDescriptorStoreMax=` allows; `false` if it has not heard.
    package static func store(_ fd: Int32) -> Bool {
        guard let name = name(of: fd) else { return false }
        return NotifySocket.send("FDSTORE=1\nFDNAME=\(name)", passing: fd, .waitOnce)
    }

    /// It is over: the next process has no business with it.
    package static func remove(_ fd: Int32) {
        if let name = name(of: fd) { NotifySocket.send("FDSTOREREMOVE=1\nFDNAME=\(name)", .waitOnce) }
    }

    /// Whether its peer has not hung up; one that says no more may still listen.
    package static func isPeerConnected(_ fd: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: 0, revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// The socket's own number, which every descriptor of it has in every process: the next one has to forget what this one kept.
    static func name(of fd: Int32) -> String? {
        var facts = stat()
        return fstat(fd, &facts) == 0 ? "\(prefix)\(facts.st_ino)" : nil
    }

    // MARK: what has become of it

    /// Notes that an answer begins, on the socket itself, so that no process can die between the note and systemd. A Unix socket has no
    /// other use for its priority.
    package static func markReplyStarted(_ fd: Int32) {
        var priority = answered
        setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Whether some process, this one or one before it, has begun to answer.
    package static func hasReplyStarted(_ fd: Int32) -> Bool {
        var priority: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, &size) == 0 && priority == answered
    }

    /// Whoever has no privilege may set up to 6.
    private static let answered: Int32 = 6
}
