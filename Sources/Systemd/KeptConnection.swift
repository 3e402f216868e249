internal import CSystemd
internal import Glibc

/// Connections that outlive the process: systemd keeps a copy of each descriptor and gives it to the next one (sd_pid_notify_with_fds(3),
/// `FDSTORE=1`). Its peer sees no end while nobody answers.
package enum KeptConnection {
    private static let prefix = "waiting-"

    /// Those that a process that crashed has left, and whose peers are still there; each is the caller's to close. To be asked once.
    package static func inherited() -> [Int32] {
        inheritedDescriptors { $0.hasPrefix(prefix) }.filter { fd in
            var entry = pollfd(fd: fd, events: 0, revents: 0)
            if sd_is_socket_unix(fd, Int32(SOCK_STREAM.rawValue), 0, nil, 0) > 0, poll(&entry, 1, 0) == 0, fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 { return true }
            close(fd)
            return false
        }
    }

    /// Asks systemd to keep one, as far as `FileDescriptorStoreMax=` allows.
    package static func keep(_ fd: Int32) {
        NotifySocket.send("FDSTORE=1\nFDNAME=\(prefix)\(fd)", passing: fd, .shared)
    }

    /// It is going to be answered: the next process has no business with it.
    package static func forget(_ fd: Int32) { NotifySocket.send("FDSTOREREMOVE=1\nFDNAME=\(prefix)\(fd)", .shared) }
}
