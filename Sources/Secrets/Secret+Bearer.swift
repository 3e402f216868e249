extension Secret {
    /// The maximum size of a token that tokend stores or serves, in bytes.
    package static let longestToken = 32 * 1024

    /// Whether these bytes may be sent as a bearer token: 1 byte to 32 KiB of visible ASCII (0x21 to 0x7E), and not "-" alone.
    ///
    /// RFC 6750 section 2.1 allows fewer characters (`b64token`), but servers issue tokens with `|`, `!`, `:` or an inner `=`, and APIs accept them.
    /// Visible ASCII cannot break a protocol line or an HTTP header. The protocol writes "-" where a token is missing, so "-" is not a token.
    package var isBearerToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { bytes in
            bytes.allSatisfy { (0x21...0x7E).contains($0) } && !(bytes.count == 1 && bytes[0] == UInt8(ascii: "-"))
        }
    }

    /// Whether these bytes may be a refresh token: 1*VSCHAR (RFC 6749 appendix A.17), at most 32 KiB. tokend sends it only to its server,
    /// form-encoded. The IMPORT request is the only protocol line that contains one, and there it has no space.
    package var isRefreshToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } }
    }

    /// Whether the text has quotation marks around it, as when it was copied from a page or a file.
    package var isQuoted: Bool {
        withBytes { bytes in
            bytes.count > 1 && bytes[0] == bytes[bytes.count - 1] && (bytes[0] == UInt8(ascii: "\"") || bytes[0] == UInt8(ascii: "'"))
        }
    }

    /// Whether the byte is a `b64token` character (RFC 6750 section 2.1) other than the "=" padding.
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
