/// Reads the lines of replies from a stream of fragments.
package struct ReplyReader {
    private var lines = LineReader(limit: LineReader.longLimit)

    package init() {}

    /// Whether the stream, if it ended here, would end inside a line.
    package var hasPartial: Bool { lines.hasPartial }

    /// Gives the next bytes, and every line they complete to `each` until it returns `false`; the rest is kept. A line
    /// over 65,536 bytes is `malformed`, and the last one.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer, each: (ReplyLine) -> Bool) {
        lines.feed(bytes) { event in
            switch event {
            case .line(let line): each(ReplyLine(line))
            case .tooLong: each(.malformed)
            }
        }
    }
}
