internal import Secrets

/// Writes one reply line within the size limit.
struct ReplyLineWriter {
    private let buffer: SecretBuffer
    private var room: Int

    init(_ buffer: SecretBuffer, _ opening: StaticString) {
        self.buffer = buffer
        room = LineReader.longLimit - 1 - opening.utf8CodeUnitCount
        buffer.append(opening)
    }

    /// Writes each word after a space. An empty word is written as `-`, because a missing word would shift the others.
    mutating func words(_ words: [String]) {
        for word in words {
            let word = word.isEmpty ? "-" : word
            add("", word, keeping: PercentEncoding.isWordByte)
        }
    }

    mutating func fields(_ fields: [Field]) {
        for field in fields { add(field.key + "=", field.value, keeping: PercentEncoding.isPlain) }
    }

    /// Writes free text after a space: any UTF-8 except control characters.
    mutating func text(_ text: String) {
        let clean = PercentEncoding.encodingControls(text)
        let fitting = PercentEncoding.prefix(of: clean, room - 1)
        buffer.append(.space)
        buffer.append(text: fitting)
        room -= fitting.utf8.count + 1
    }

    func end() { buffer.append(.lineFeed) }

    /// Writes an item completely or not at all, and keeps space for the end of the line.
    private mutating func add(_ opening: String, _ value: String, keeping isKept: (UInt8) -> Bool) {
        let size = 1 + opening.utf8.count + PercentEncoding.count(value, keeping: isKept)
        guard size <= room - Self.reserve else { return }
        buffer.append(.space)
        buffer.append(text: opening)
        buffer.append(percentEncoding: value, keeping: isKept)
        room -= size
    }

    /// Bytes that fields leave for the text of an `ERR` line.
    private static let reserve = 1024
}
