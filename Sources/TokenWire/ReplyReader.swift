/// Splits a stream of fragments into reply lines and parses them.
package struct ReplyReader {
    private var lines = LineReader(limit: LineReader.longLimit)

    package init() {}

    /// Whether the stream so far ends inside a line.
    package var hasPartial: Bool { lines.hasPartial }

    /// Appends the next bytes, and calls `each` for every complete line until it returns `false`. The rest is buffered. A line over 65,536 bytes is
    /// `malformed` and ends the stream.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, each: (ReplyLine) -> Bool) {
        lines.feed(bytes) { event in
            switch event {
            case .line(let line): each(ReplyLine(line))
            case .tooLong: each(.malformed)
            }
        }
    }
}
