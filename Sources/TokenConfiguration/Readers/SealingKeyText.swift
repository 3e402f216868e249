internal import Codecs
package import Secrets

/// The ways in which an administrator may give a key of 32 bytes.
package enum SealingKeyText {
    /// No content that is longer can be one: base64 has 44 characters, hex 64, and there may be a line feed.
    package static let longest = 65

    /// The key in the content of a file or credential: 32 bytes as they are, or as hex or base64 (base64url too) in one line.
    package static func key(_ content: Secret) throws(Complaint) -> Secret {
        if content.count == keyLength {
            guard !content.withBytes({ $0.allSatisfy { Hex.value(of: $0) != nil } }) else {
                throw Complaint("holds 32 hex digits, which are 16 bytes only; \(remedy)")
            }
            return content
        }
        let key = content.withBytes { bytes in
            let text = UnsafeRawBufferPointer(rebasing: bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...])
            return switch text.count {
            case 64: decode(text, bitsEach: 4, Hex.value)
            case 43: decode(text, bitsEach: 6, Base64.sextetOfEither)
            case 44 where text.last == UInt8(ascii: "="): decode(.init(rebasing: text.dropLast()), bitsEach: 6, Base64.sextetOfEither)
            default: Secret?.none
            }
        }
        guard let key else { throw Complaint("holds no key: 32 bytes, or 32 bytes as hex or base64; \(remedy)") }
        return key
    }

    /// Of the key itself.
    private static let keyLength = 32

    private static let remedy = "\"openssl rand -base64 32\" makes one"

    /// `nil` for a wrong digit, or bits that are left over and not zero.
    private static func decode(_ text: UnsafeRawBufferPointer, bitsEach: Int, _ value: (UInt8) -> UInt8?) -> Secret? {
        var isGood = true
        let key = Secret(capacity: keyLength) { room in
            var (bits, held, count): (UInt32, Int, Int) = (0, 0, 0)
            for byte in text {
                guard let digit = value(byte) else {
                    isGood = false
                    return 0
                }
                bits = bits << UInt32(bitsEach) | UInt32(digit)
                held += bitsEach
                guard held >= 8 else { continue }
                held -= 8
                room[count] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                count += 1
            }
            isGood = isGood && bits & (1 << UInt32(held) - 1) == 0
            return count
        }
        return isGood && key.count == keyLength ? key : nil
    }
}
