extension SecretBuffer {
    /// Appends a value percent-encoded: every byte except the unreserved ones becomes `%` and two upper-case hex digits (RFC 3986 sections 2.1 and
    /// 2.3).
    package func appendPercentEncoded(_ value: Secret) {
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
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10 }
}
