extension Secret {
    /// The longest token that is held or served, in bytes.
    package static let longestToken = 32 * 1024

    /// Whether these bytes may be sent as a token: RFC 6750 section 2.1 `b64token`, not empty, at most 32 KiB.
    /// A token of any other bytes could break a line of the protocol or a header of the caller's request.
    package var isBearerToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { bytes in
            var end = bytes.count
            while end > 0, bytes[end - 1] == UInt8(ascii: "=") { end -= 1 }
            return end > 0 && bytes[..<end].allSatisfy(Self.isTokenByte)
        }
    }

    /// Whether these bytes may be a refresh token: RFC 6749 appendix A.17, 1*VSCHAR, at most 32 KiB. It goes to its server alone, form-encoded:
    /// no line of ours holds it but that of IMPORT, where it has no blank.
    package var isRefreshToken: Bool {
        guard count > 0, count <= Secret.longestToken else { return false }
        return withBytes { $0.allSatisfy { (0x20...0x7E).contains($0) } }
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
