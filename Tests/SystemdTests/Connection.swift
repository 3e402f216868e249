import Glibc
import Systemd
import TestSupport

/// A Unix socket in the file system and a program (`nc`) that is connected to it, like a client of the daemon.
final class Connection {
    private let folder: TemporaryFolder
    let listener: Int32
    let peer: ChildProcess
    private(set) var fd: Int32 = -1

    /// `prefix` are the words before `nc`, such as `setpriv …`.
    init(through prefix: [String] = []) throws {
        folder = try TemporaryFolder()
        chmod(folder.path, 0o755)
        listener = try listen(at: folder.path("s"), mode: 0o666)
        peer = try ChildProcess(prefix + ["nc", "-U", folder.path("s")])
        guard isReadable(listener) else { throw TestFailure("nobody connected within ten seconds") }
    }

    deinit {
        close(listener)
        if fd >= 0 { close(fd) }
    }

    /// Accepts the connection. Until then it is in the backlog.
    func accept() throws {
        guard case .connection(let fd) = acceptConnection(listener) else { throw TestFailure("no connection to accept") }
        self.fd = fd
    }

    static func accepted(through prefix: [String] = []) throws -> Connection {
        let connection = try Connection(through: prefix)
        try connection.accept()
        return connection
    }
}

/// From now on this process gets no descriptor with this number or above.
func limitDescriptors(to number: Int32) throws {
    var limit = rlimit(rlim_cur: rlim_t(number), rlim_max: 4096)
    guard setrlimit(__rlimit_resource_t(7), &limit) == 0 else { throw TestFailure("cannot limit the descriptors") }  // RLIMIT_NOFILE
}

/// Waits for input, at most ten seconds.
func isReadable(_ fd: Int32) -> Bool {
    var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 10_000) == 1
}
