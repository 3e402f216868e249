import Foundation

/// A port on 127.0.0.1 that refuses connections: bound, so that no other process gets it, and not listening.
final class ClosedPort {
    private let descriptor: CInt

    static func hold() throws -> (Int, ClosedPort) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes in
            guard let base = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return CInt(-1) }
            return bind(descriptor, base, length) | getsockname(descriptor, base, &length)
        }
        guard code == 0 else { throw CocoaError(.fileNoSuchFile) }
        return (Int(UInt16(bigEndian: address.sin_port)), ClosedPort(descriptor))
    }

    private init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}
