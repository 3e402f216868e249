package import Secrets

extension SecretBuffer {
    /// Appends a byte as `%XX`.
    package func appendPercentEncoded(_ byte: UInt8) {
        let (percent, high, low) = Hex.percentEncoded(byte)
        append(percent)
        append(high)
        append(low)
    }

    /// Appends a value with every byte but the unreserved ones as `%XX` (RFC 3986 sections 2.1 and 2.3).
    package func appendPercentEncoded(_ value: Secret) {
        value.withBytes { bytes in
            for byte in bytes {
                if Self.isUnreserved(byte) { append(byte) } else { appendPercentEncoded(byte) }
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
