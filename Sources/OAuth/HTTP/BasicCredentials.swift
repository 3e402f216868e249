internal import Codecs
internal import Secrets

extension Secret {
    /// The value of an `Authorization` header: id and secret, both form-encoded, joined by a colon and Base64-encoded (RFC 6749 section 2.3.1, RFC
    /// 7617).
    static func basicCredentials(id: String, secret: Secret) -> Secret {
        let joined = SecretBuffer()
        joined.appendFormEncoded(Secret(id))
        joined.append(UInt8(ascii: ":"))
        joined.appendFormEncoded(secret)
        let value = SecretBuffer()
        value.append("Basic ")
        joined.withBytes { value.appendBase64($0) }
        return value.secret()
    }
}

extension SecretBuffer {
    /// Base64 with padding (RFC 4648 section 4).
    func appendBase64(_ bytes: UnsafeRawBufferPointer) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - UInt32(group.count)))
            for place in 0..<4 {
                append(place <= group.count ? Self.base64Digit(bits >> (18 - 6 * UInt32(place)) & 63) : UInt8(ascii: "="))
            }
        }
    }

    private static func base64Digit(_ value: UInt32) -> UInt8 {
        let value = UInt8(value)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + value - 26
        case 52..<62: UInt8(ascii: "0") + value - 52
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
