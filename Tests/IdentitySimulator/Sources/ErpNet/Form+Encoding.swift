extension Form {
    /// The fields as a query or a body; a space is `%20`.
    package var encoded: String {
        fields.map { Self.encoded($0.name) + "=" + Self.encoded($0.value) }.joined(separator: "&")
    }

    /// Percent-encodes all except the unreserved characters of RFC 3986.
    package static func encoded(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            if isUnreserved(byte) {
                result.append(UnicodeScalar(byte))
            } else {
                result.append(contentsOf: ("%" + hexDigits(byte)).unicodeScalars)
            }
        }
        return String(result)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func hexDigits(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.utf8.count == 2 ? digits : "0" + digits
    }
}
