internal import Glibc

/// Where the daemon listens: bytes that live as long as the process.
struct SocketPath {
    static let standard: StaticString = "/run/tokend/tokend.sock"

    let bytes: UnsafePointer<CChar>

    init(_ bytes: UnsafePointer<CChar>) { self.bytes = bytes }

    /// The path of the option, or the inherited one.
    init(_ option: String?) {
        let copy = option.flatMap { strdup($0) }
        self = copy.map { SocketPath($0) } ?? .inherited
    }

    /// The path of `TOKEND_SOCKET`, else the standard one.
    static var inherited: SocketPath {
        if let value = getenv("TOKEND_SOCKET"), value.pointee != 0 { return SocketPath(value) }
        // the bytes of a literal, as characters
        return SocketPath(UnsafeRawPointer(standard.utf8Start).assumingMemoryBound(to: CChar.self))
    }

    var text: String { String(cString: bytes) }
}
