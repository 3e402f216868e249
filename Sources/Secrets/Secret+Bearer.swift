extension Secret {
    /// The longest token that is held or served, in bytes.
    package static let longestToken = 32 * 1024

    /// Whether these bytes may be sent as a token: visible ASCII (0x21 to 0x7E), at least one byte and at most 32 KiB, and not "-" alone.
    ///
    /// RFC 6750 section 2.1 has fewer characters (`b64token`), but servers issue tokens with `|`, `!`, `:` or a `=` in the middle, and APIs take
    /// them. Visible ASCII breaks neither a line of the protocol nor a header of the caller's request. "-" alone is how a line of the
    /// protocol says that there is no token.
    package var isBearerToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { bytes in
            bytes.allSatisfy { (0x21...0x7E).contains($0) } && !(bytes.count == 1 && bytes[0] == UInt8(ascii: "-"))
        }
    }

    /// Whether these bytes may be a refresh token: RFC 6749 appendix A.17, 1*VSCHAR, at most 32 KiB. It goes to its server alone, form-encoded:
    /// no line of ours holds it but that of IMPORT, where it has no blank.
    package var isRefreshToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } }
    }

    /// Whether it begins and ends with a quotation mark: it was copied with the quotes of a page or a file around it.
    package var isQuoted: Bool {
        withBytes { bytes in
            bytes.count > 1 && bytes[0] == bytes[bytes.count - 1] && (bytes[0] == UInt8(ascii: "\"") || bytes[0] == UInt8(ascii: "'"))
        }
    }

    /// A character of a `b64token`, but for the "=" at its end.
    package static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default:
            false
        }
    }
}
