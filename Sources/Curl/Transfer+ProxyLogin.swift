internal import Secrets

extension Transfer.ProxyLogin {
    /// `user:password`, both percent-encoded (RFC 3986 section 2.1), and a NUL.
    var terminated: Secret {
        let buffer = SecretBuffer(capacity: 3 * (user.utf8.count + password.count) + 2)
        buffer.appendPercentEncoded(Secret(user))
        buffer.append(UInt8(ascii: ":"))
        buffer.appendPercentEncoded(password)
        buffer.append(0 as UInt8)
        return buffer.secret()
    }
}

extension SecretBuffer {
    fileprivate func appendPercentEncoded(_ value: Secret) {
        value.withBytes { bytes in
            for byte in bytes {
                if Self.isUnreserved(byte) {
                    append(byte)
                } else {
                    append(UInt8(ascii: "%"))
                    append(Self.digit(byte >> 4))
                    append(Self.digit(byte & 15))
                }
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~")].contains(byte)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
