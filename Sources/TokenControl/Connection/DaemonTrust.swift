internal import Glibc
internal import TokenWire

/// Whom secrets may be sent to: a socket that root, the user `tokend` or the caller made.
///
/// `TOKEND_SOCKET` and `--socket` may name any path, and who owns the file there proves nothing about who listens. The
/// kernel does: it remembers who called listen(2), which is root when systemd holds the socket.
enum DaemonTrust {
    static func check(_ socket: DaemonSocket, at path: SocketPath) throws(Failure) {
        let owner = try socket.owner()
        guard owner == 0 || owner == geteuid() || owner == LocalUser.uid(of: "tokend") else { throw .stranger(path.text, owner) }
    }
}

extension Request {
    /// Whether it holds a secret, or its answer decides where a person gives theirs.
    var isForTheDaemonAlone: Bool {
        switch self {
        case .login, .callback, .confirm, .cancel, .await, .logout, .importToken: true
        case .get, .header, .reject, .wait, .watch, .list, .status, .renew, .reload, .explain, .metrics, .ping, .hello, .help, .quit: false
        }
    }
}
