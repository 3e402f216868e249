internal import Glibc

/// Where the daemon listens.
struct SocketPath {
    static let standard = "/run/tokend/tokend.sock"
    let path: String

    /// The path of the command line, else of `TOKEND_SOCKET`, else the standard one.
    init(_ option: String?) {
        path = option ?? SocketPath.environment ?? SocketPath.standard
    }

    private static var environment: String? {
        guard let value = getenv("TOKEND_SOCKET"), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
