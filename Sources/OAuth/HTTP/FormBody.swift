internal import Secrets

/// A body of `application/x-www-form-urlencoded` parameters, collected in memory that is wiped.
struct FormBody {
    private let buffer = SecretBuffer()

    init() {}

    /// Adds a parameter; an empty one is left out (RFC 6749 section 3.2).
    func add(_ name: String, _ value: Secret) {
        guard !value.isEmpty else { return }
        if buffer.count > 0 { buffer.append(UInt8(ascii: "&")) }
        buffer.append(text: name)
        buffer.append(UInt8(ascii: "="))
        buffer.appendFormEncoded(value)
    }

    func add(_ name: String, _ value: String) { add(name, Secret(value)) }

    var secret: Secret { buffer.secret() }
}

extension SecretBuffer {
    /// Form encoding (RFC 6749 appendix B), but a space is `%20` where HTML writes `+`: every decoder of forms reads both alike, and a
    /// server that only resolves percent signs in Basic credentials reads this one alone.
    func appendFormEncoded(_ value: Secret) {
        value.withBytes { bytes in
            for byte in bytes {
                if Self.isUnreserved(byte) {
                    append(byte)
                } else {
                    append(UInt8(ascii: "%"))
                    append(Hex.digit(byte >> 4))
                    append(Hex.digit(byte & 15))
                }
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}

extension Secret {
    var formEncoded: Secret {
        let buffer = SecretBuffer(capacity: count * 3)
        buffer.appendFormEncoded(self)
        return buffer.secret()
    }
}
