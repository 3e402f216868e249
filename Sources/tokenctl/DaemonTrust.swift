internal import Glibc
internal import TokenWire

/// Whom secrets may be sent to: a socket that root, the user `tokend` or the caller made.
///
/// `TOKEND_SOCKET` and `--socket` may name any path, and who owns the file there proves nothing about who listens. The
/// kernel does: it remembers who called listen(2), which is root when systemd holds the socket.
enum DaemonTrust {
    static func check(_ socket: DaemonSocket, at path: SocketPath) throws(Failure) {
        let owner = try socket.owner()
        guard owner == 0 || owner == geteuid() || owner == daemonUser else { throw .stranger(path.text, owner) }
    }

    /// The user `tokend` of /etc/passwd. Only that file is read: a statically linked program cannot ask the name services,
    /// and the account of a system service is made there by systemd-sysusers.
    private static var daemonUser: UInt32? {
        guard let file = fopen("/etc/passwd", "re") else { return nil }
        defer { fclose(file) }
        while let entry = fgetpwent(file) {
            if strcmp(entry.pointee.pw_name, "tokend") == 0 { return entry.pointee.pw_uid }
        }
        return nil
    }
}

extension Request {
    /// Whether it holds a secret, or its answer decides where a person gives theirs.
    var isForTheDaemonAlone: Bool {
        switch self {
        case .login, .callback, .confirm, .await, .logout, .importToken: true
        case .get, .header, .reject, .wait, .watch, .list, .status, .renew, .reload, .explain, .metrics, .ping, .hello, .help, .quit: false
        }
    }
}
