internal import Secrets

extension Secret {
    /// Whether one of these occurs in this text that a server wrote: whole, or eight bytes of it in a row, forwards or backwards.
    ///
    /// Not in constant time. No copy of a secret is made.
    func contains(anyOf others: [Secret]) -> Bool {
        withBytes { text in
            let windows = Self.windows(of: text)
            return others.contains { other in
                other.withBytes { other in
                    guard !other.isEmpty else { return false }
                    guard other.count >= Self.window else { return Self.occurs(other, in: text) || Self.occurs(other.reversed(), in: text) }
                    return Self.hasWindow(other, in: windows) || Self.hasWindow(other.reversed(), in: windows)
                }
            }
        }
    }

    private static let window = 8

    /// Eight bytes at each place, as one number. Each byte is read once.
    static func windows(of text: some Sequence<UInt8>) -> Set<UInt64> {
        var windows: Set<UInt64> = []
        forEachWindow(of: text) {
            windows.insert($0)
            return false
        }
        return windows
    }

    /// Whether eight bytes in a row are among these windows. Each byte is read once, so a search costs the sum of both lengths, not their product.
    static func hasWindow(_ secret: some Sequence<UInt8>, in windows: Set<UInt64>) -> Bool { forEachWindow(of: secret, windows.contains) }

    /// Ends with `true` as soon as `isWanted` does.
    @discardableResult
    private static func forEachWindow(of bytes: some Sequence<UInt8>, _ isWanted: (UInt64) -> Bool) -> Bool {
        var number: UInt64 = 0
        var read = 0
        for byte in bytes {
            number = number << 8 | UInt64(byte)
            read += 1
            if read >= window, isWanted(number) { return true }
        }
        return false
    }

    /// For a secret of less than eight bytes.
    private static func occurs(_ part: some Collection<UInt8>, in text: UnsafeRawBufferPointer) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}
