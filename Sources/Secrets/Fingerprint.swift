/// The first 64 bits of the SHA-256 of a token. Logs, status replies and metrics show a token in this form only.
package struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes of the digest, big-endian.
    package let bits: UInt64

    package init(bits: UInt64) { self.bits = bits }

    /// Takes the first eight bytes of a SHA-256 digest.
    package init(digest: some Sequence<UInt8>) {
        bits = digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Parses the 16 lower-case hex digits that `description` writes. `nil` for any other text.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == 16,
            text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let bits = UInt64(text, radix: 16)
        else { return nil }
        self.bits = bits
    }

    /// 16 lower-case hex digits.
    package var description: String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
