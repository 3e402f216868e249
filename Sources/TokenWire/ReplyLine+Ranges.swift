// For a client that prints one token and exits: nothing is copied or allocated.
extension ReplyLine {
    /// The range of the token in the line of a GET reply (without its LF). `nil` unless the line is `OK`, a token of visible ASCII and only fields,
    /// including `expires` and `id`.
    package static func rangeOfToken(in line: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let start = startOfOK(in: line), let end = line.firstOffset(of: .space, from: start), isToken(line, start, end)
        else { return nil }
        var hasExpires = false
        var hasID = false
        var next = end + 1
        while next <= line.count {
            let itemEnd = line.firstOffset(of: .space, from: next) ?? line.count
            let item = line.part(next..<itemEnd)
            guard let equals = item.firstOffset(of: .equals), equals > 0, isPrintable(item) else { return nil }
            let key = item.part(0..<equals)
            hasExpires = hasExpires || key.matches("expires")
            hasID = hasID || key.matches("id")
            next = itemEnd + 1
        }
        return hasExpires && hasID ? start..<end : nil
    }

    /// The range of the header line in the line of a HEADER reply (without its LF). `nil` unless it is a printable `name: value`.
    package static func rangeOfHeader(in line: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let start = startOfOK(in: line), isPrintable(line), let colon = line.firstOffset(of: .colon, from: start),
            colon > start, colon + 2 < line.count, line[colon + 1] == .space
        else { return nil }
        return start..<line.count
    }

    private static func startOfOK(in line: UnsafeRawBufferPointer) -> Int? {
        line.count > 3 && line.part(0..<3).matches("OK ") ? 3 : nil
    }

    private static func isToken(_ line: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Bool {
        guard end > start, !(end - start == 1 && line[start] == UInt8(ascii: "-")) else { return false }
        for place in start..<end where !line[place].isVisible { return false }
        return true
    }

    private static func isPrintable(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where !byte.isPrintable { return false }
        return true
    }
}
