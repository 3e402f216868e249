internal import FoundationEssentials

/// Base64 with padding (RFC 4648 section 4).
package func base64(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
}

/// Decodes padded Base64; `nil` for any other text.
package func base64Decoded(_ text: some StringProtocol) -> [UInt8]? {
    Data(base64Encoded: String(text)).map(Array.init)
}

/// Base64url without padding (RFC 7515 section 2).
package func base64url(_ bytes: [UInt8]) -> String {
    let digits = base64(bytes).utf8.compactMap { digit -> UInt8? in
        switch digit {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case UInt8(ascii: "="): nil
        default: digit
        }
    }
    return String(decoding: digits, as: UTF8.self)
}

/// Decodes unpadded base64url; `nil` for any other text, including padding.
package func base64urlDecoded(_ text: some StringProtocol) -> [UInt8]? {
    guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
    else { return nil }
    let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    return base64Decoded(standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
}
