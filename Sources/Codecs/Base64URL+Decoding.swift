package import Secrets

extension Secret {
    /// Decodes base64url without padding (RFC 4648 section 5, RFC 7515 section 2). `nil` for non-canonical encodings: otherwise two different tokens
    /// could have the same signature.
    package var base64urlDecoded: Secret? {
        withBytes { bytes in
            guard bytes.count % 4 != 1, bytes.allSatisfy({ Base64.sextet($0) != nil }) else { return nil }
            var rest: UInt32 = 0
            let decoded = Secret(capacity: bytes.count * 3 / 4) { room in
                var written = 0
                var held: UInt32 = 0
                for byte in bytes {
                    rest = rest << 6 | UInt32(Base64.sextet(byte) ?? 0)
                    held += 6
                    guard held >= 8 else { continue }
                    held -= 8
                    room[written] = UInt8(truncatingIfNeeded: rest >> held)
                    rest &= (1 << held) - 1
                    written += 1
                }
                return written
            }
            return rest == 0 ? decoded : nil
        }
    }

    /// For values that are not secret.
    package var bytes: [UInt8] { withBytes { Array($0) } }
}

/// The digits of base64, six bits each.
package enum Base64 {
    /// In the alphabet of URLs (RFC 4648 section 5).
    static func sextet(_ byte: UInt8) -> UInt8? { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/") ? nil : sextetOfEither(byte) }

    /// In either alphabet.
    package static func sextetOfEither(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
