internal import Glibc

/// The bytes of an IPv4 or IPv6 address, to tell whether it leads out of this site.
struct InternetAddress: Equatable {
    /// 4 or 16, in network order.
    let bytes: [UInt8]

    /// `nil` for a socket address of another family.
    init?(_ address: UnsafePointer<sockaddr>) {
        switch CInt(address.pointee.sa_family) {
        case AF_INET:
            bytes = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { withUnsafeBytes(of: $0.pointee.sin_addr, Array.init) }
        case AF_INET6:
            bytes = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { withUnsafeBytes(of: $0.pointee.sin6_addr, Array.init) }
        default:
            return nil
        }
    }

    /// An address as text, without brackets and zone; `nil` for anything else.
    init?(_ text: String) {
        var room = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &room) == 1 {
            bytes = Array(room[..<4])
        } else if inet_pton(AF_INET6, text, &room) == 1 {
            bytes = room
        } else {
            return nil
        }
    }

    /// Loopback, private, shared, link-local, multicast, reserved or unspecified (RFC 6890, RFC 4193).
    var isPrivate: Bool {
        if bytes.count == 4 { return Self.isPrivate(bytes[0], bytes[1]) }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        let translated: [UInt8] = [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0]
        if bytes.starts(with: mapped) || bytes.starts(with: translated) { return Self.isPrivate(bytes[12], bytes[13]) }
        return switch (bytes[0], bytes[1]) {
        case (0, 0), (0xfc...0xfd, _), (0xfe, 0x80...0xff), (0xff, _): true
        default: false
        }
    }

    private static func isPrivate(_ first: UInt8, _ second: UInt8) -> Bool {
        switch (first, second) {
        case (0, _), (10, _), (100, 64...127), (127, _), (169, 254), (172, 16...31), (192, 168), (224..., _): true
        default: false
        }
    }
}
