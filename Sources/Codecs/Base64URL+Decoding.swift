internal import Secrets

extension Secret {
    /// Decodes base64url without padding (RFC 4648 section 5, RFC 7515 section 2). `nil` for non-canonical encodings: otherwise two different tokens
    /// could have the same signature.
    var base64urlDecoded: Secret? {
        withBytes { bytes in
            guard bytes.count % 4 != 1, bytes.allSatisfy({ Self.sextet($0) != nil }) else { return nil }
            var rest: UInt32 = 0
            let decoded = Secret(capacity: bytes.count * 3 / 4) { room in
                var written = 0
                var held: UInt32 = 0
                for byte in bytes {
                    rest = rest << 6 | UInt32(Self.sextet(byte) ?? 0)
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

    private static func sextet(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// For values that are not secret.
    var bytes: [UInt8] { withBytes { Array($0) } }
}
