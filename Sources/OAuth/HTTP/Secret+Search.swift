internal import Secrets

extension Secret {
    /// Whether this text, which a server sent, contains one of these secrets: completely, or eight consecutive bytes of it, forwards or backwards.
    ///
    /// Not in constant time. No secret is copied.
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

    /// All sequences of eight bytes, each as one number. Reads each byte once.
    static func windows(of text: some Sequence<UInt8>) -> Set<UInt64> {
        var windows: Set<UInt64> = []
        forEachWindow(of: text) {
            windows.insert($0)
            return false
        }
        return windows
    }

    /// Whether eight consecutive bytes are among these windows. The cost of a search is linear in both lengths.
    static func hasWindow(_ secret: some Sequence<UInt8>, in windows: Set<UInt64>) -> Bool { forEachWindow(of: secret, windows.contains) }

    /// Returns `true` as soon as `isWanted` does.
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

    /// For secrets of less than eight bytes.
    private static func occurs(_ part: some Collection<UInt8>, in text: UnsafeRawBufferPointer) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}
