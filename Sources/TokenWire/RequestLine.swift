package import Secrets

/// Builds a request line. `Request.write(to:)` uses it, and so does a program that must avoid the cost of a `Request`.
package struct RequestLine {
    private let verb: Verb
    private let bytes = SecretBuffer()

    package init(_ verb: Verb) {
        self.verb = verb
        bytes.append(text: verb.rawValue)
    }

    /// Adds a word. Returns `false` and adds nothing if it could not be read back: empty, with a space, or not printable ASCII.
    package func add(word: UnsafeRawBufferPointer) -> Bool {
        guard !word.isEmpty else { return false }
        for byte in word where !PercentEncoding.isWordByte(byte) { return false }
        bytes.append(.space)
        bytes.append(word)
        return true
    }

    /// Adds a field. The value is percent-encoded.
    package func add(key: StaticString, value: UnsafeRawBufferPointer) {
        bytes.append(.space)
        bytes.append(key)
        bytes.append(.equals)
        bytes.append(percentEncoding: value, keeping: PercentEncoding.isPlain)
    }

    /// Ends the line and writes it with its LF. Returns `false` and writes nothing if it exceeds the limit of its verb.
    package func finish(into buffer: SecretBuffer) -> Bool {
        guard bytes.count < longest else { return false }
        bytes.append(.lineFeed)
        bytes.withBytes { buffer.append($0) }
        return true
    }

    /// The error for a line that is too long.
    package var refusal: Refusal { Refusal(.tooLong, [], "the request is longer than \(longest) bytes") }

    private var longest: Int { verb.mayBeLong ? LineReader.longLimit : LineReader.limit }
}
