internal import Secrets

/// An event of a `LineReader`.
package enum LineEvent {
    /// A complete line without its LF. The pointer is valid until the closure returns.
    case line(UnsafeRawBufferPointer)
    /// The line exceeds the limit. Nothing after it is read, and the connection must be closed.
    case tooLong
}

/// Splits a stream of fragments into lines.
///
/// A line that arrives in one fragment is passed on without a copy. Only incomplete lines, and lines that the caller does not want yet, are buffered,
/// in memory that is wiped.
package struct LineReader {
    /// The maximum size of a request line in bytes, including its LF.
    package static let limit = 4096
    /// The maximum size of an IMPORT, CALLBACK or reply line in bytes, including its LF.
    package static let longLimit = 65536

    private let ordinaryLimit: Int
    private var kept: SecretBuffer?
    /// The number of buffered bytes that were searched and contain no LF.
    private var searched = 0
    /// Whether the caller stopped before all buffered bytes were searched.
    private var isStopped = false
    /// Whether a line was too long. Further input is discarded.
    package private(set) var isOver = false

    /// Reads request lines of at most `limit` bytes. For replies, pass `longLimit`.
    package init(limit: Int = LineReader.limit) { ordinaryLimit = limit }

    /// Whether the input so far ends inside a line. Complete lines that were not read yet do not count.
    package var hasPartial: Bool {
        guard let kept, kept.count > 0 else { return false }
        return kept.withBytes { $0[$0.count - 1] != .lineFeed }
    }

    /// The number of buffered bytes, for the total of all buffers.
    package var keptCount: Int { kept?.count ?? 0 }

    /// Whether complete lines may be buffered because `each` returned `false`. Call `feed` with no bytes to read them.
    package var hasUnread: Bool { isStopped && keptCount > 0 }

    /// Appends the next bytes of the stream, and calls `each` for every complete line in order.
    ///
    /// - Parameters:
    ///   - bytes: the next fragment; empty to continue after a stop.
    ///   - mayBeLong: called only if an IMPORT or CALLBACK line exceeds the limit: whether this peer may use the verb.
    ///   - each: returns `false` to stop. The rest is buffered for the next call, so a caller that stops should also stop reading from the peer. It
    ///     must not use this reader.
    package mutating func feed(
        _ bytes: UnsafeRawBufferPointer, mayBeLong: (Verb) -> Bool = { _ in false }, each: (LineEvent) -> Bool
    ) {
        guard !isOver else { return }
        isStopped = false
        guard let kept, kept.count > 0 else { return readInPlace(bytes, mayBeLong: mayBeLong, each: each) }
        let rest = completeKept(kept, with: bytes)
        readKept(kept, mayBeLong: mayBeLong, each: each)
        if isOver || rest.isEmpty { return }
        if isStopped { keep(rest) } else { readInPlace(rest, mayBeLong: mayBeLong, each: each) }
    }

    /// Appends the end of the buffered line only. The bytes after it need not be copied.
    private func completeKept(_ kept: SecretBuffer, with bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let end = bytes.firstOffset(of: .lineFeed).map { $0 + 1 } ?? bytes.count
        kept.append(bytes.part(0..<end))
        return bytes.part(end..<bytes.count)
    }

    private mutating func readInPlace(
        _ bytes: UnsafeRawBufferPointer, mayBeLong: (Verb) -> Bool, each: (LineEvent) -> Bool
    ) {
        let taken = read(bytes, mayBeLong: mayBeLong, each: each)
        if !isOver { keep(bytes.part(taken..<bytes.count)) }
    }

    private mutating func readKept(_ kept: SecretBuffer, mayBeLong: (Verb) -> Bool, each: (LineEvent) -> Bool) {
        let taken = kept.withBytes { read($0, mayBeLong: mayBeLong, each: each) }
        if isOver || taken == kept.count { self.kept = nil } else { kept.removeFirst(taken) }
    }

    private mutating func keep(_ bytes: UnsafeRawBufferPointer) {
        guard !bytes.isEmpty else { return }
        let buffer = kept ?? SecretBuffer(capacity: bytes.count)
        buffer.append(bytes)
        kept = buffer
    }

    /// Passes on every complete line, and returns the number of bytes read. `searched` then refers to the bytes after them.
    private mutating func read(
        _ bytes: UnsafeRawBufferPointer, mayBeLong: (Verb) -> Bool, each: (LineEvent) -> Bool
    ) -> Int {
        var start = 0
        while let end = bytes.firstOffset(of: .lineFeed, from: start + searched) {
            searched = 0
            let line = bytes.part(start..<end)
            guard line.count < limit(of: line, mayBeLong) else { return stopForGood(each, bytes.count) }
            start = end + 1
            guard each(.line(line)) else {
                isStopped = true
                return start
            }
        }
        searched = bytes.count - start
        let partial = bytes.part(start..<bytes.count)
        guard partial.count < limit(of: partial, mayBeLong) else { return stopForGood(each, bytes.count) }
        return start
    }

    private mutating func stopForGood(_ each: (LineEvent) -> Bool, _ count: Int) -> Int {
        isOver = true
        _ = each(.tooLong)
        return count
    }

    private func limit(of line: UnsafeRawBufferPointer, _ mayBeLong: (Verb) -> Bool) -> Int {
        guard line.count >= ordinaryLimit, ordinaryLimit < LineReader.longLimit else { return ordinaryLimit }
        let word = line.part(0..<(line.firstOffset(of: .space) ?? 0))
        guard let verb = Verb(word), verb.mayBeLong, mayBeLong(verb) else { return ordinaryLimit }
        return LineReader.longLimit
    }
}
