package import Secrets

/// A request line as it grows, byte by byte: what `Request.write(to:)` writes with, and what a program uses that
/// cannot afford to make a `Request` first.
package struct RequestLine {
    private let verb: Verb
    private let bytes = SecretBuffer()

    package init(_ verb: Verb) {
        self.verb = verb
        bytes.append(text: verb.rawValue)
    }

    /// Adds a word. `false`, and nothing is added, when it could not be read back: empty, with a space, not printable ASCII.
    package func add(word: UnsafeRawBufferPointer) -> Bool {
        guard !word.isEmpty else { return false }
        for byte in word where !PercentEncoding.isWordByte(byte) { return false }
        bytes.append(.space)
        bytes.append(word)
        return true
    }

    /// Adds a field; the value is escaped here.
    package func add(key: StaticString, value: UnsafeRawBufferPointer) {
        bytes.append(.space)
        bytes.append(key)
        bytes.append(.equals)
        bytes.append(percentEncoding: value, keeping: PercentEncoding.isPlain)
    }

    /// Ends the line and writes it with its LF. `false`, and nothing is written, when it is longer than its verb may be.
    package func finish(into buffer: SecretBuffer) -> Bool {
        guard bytes.count < longest else { return false }
        bytes.append(.lineFeed)
        bytes.withBytes { buffer.append($0) }
        return true
    }

    /// What to say when it was too long.
    package var refusal: Refusal { Refusal(.tooLong, [], "the request is longer than \(longest) bytes") }

    private var longest: Int { verb.mayBeLong ? LineReader.longLimit : LineReader.limit }
}
