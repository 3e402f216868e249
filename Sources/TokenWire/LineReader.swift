internal import Secrets

/// What a `LineReader` found.
package enum LineEvent {
    /// A whole line without its LF; lent until the closure returns.
    case line(UnsafeRawBufferPointer)
    /// The line is longer than allowed. Nothing after it is read: the connection is to be closed.
    case tooLong
}

/// Finds the lines in a stream of fragments.
///
/// A line that arrives in one piece is lent from the caller's own bytes and copied nowhere. Only what has to wait (the
/// beginning of a line, or lines that the caller did not want yet) is kept, in memory that is overwritten when it goes.
package struct LineReader {
    /// The longest request line in bytes, with its LF.
    package static let limit = 4096
    /// The longest IMPORT, CALLBACK and reply line in bytes, with its LF.
    package static let longLimit = 65536

    private let ordinaryLimit: Int
    private var kept: SecretBuffer?
    /// How many of the kept bytes are known to hold no LF.
    private var searched = 0
    /// Whether the caller stopped before the kept bytes were searched through.
    private var isStopped = false
    /// Whether a line was too long; from then on everything is dropped.
    package private(set) var isOver = false

    /// Reads request lines of at most `limit` bytes; replies need `longLimit`.
    package init(limit: Int = LineReader.limit) { ordinaryLimit = limit }

    /// Whether the input, if it ended here, would end inside a line. Lines kept unread do not count: they are whole.
    package var hasPartial: Bool {
        guard let kept, kept.count > 0 else { return false }
        return kept.withBytes { $0[$0.count - 1] != .lineFeed }
    }

    /// How many bytes are kept: for the account of all buffers together.
    package var keptCount: Int { kept?.count ?? 0 }

    /// Whether whole lines may be waiting because `each` returned `false`: feed nothing to get them.
    package var hasUnread: Bool { isStopped && keptCount > 0 }

    /// Gives the next bytes of the stream, and every line they complete to `each` in order.
    ///
    /// - Parameters:
    ///   - bytes: the next fragment; empty to go on after a stop.
    ///   - mayBeLong: asked only about IMPORT and CALLBACK, when their line outgrows the limit: whether this peer may use them.
    ///   - each: returns `false` to stop. The rest is kept for the next call, so a caller that stops should also stop
    ///     reading, or the rest grows. It must not touch this reader.
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

    /// Moves the end of the kept line over; what follows it need not be copied.
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

    /// Lends every whole line; returns how many bytes were read. `searched` then speaks of the bytes after them.
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
