internal import TokenLedger

/// The replies worth keeping, found by line and caller. Each has two places; whoever finds both taken by replies that still
/// hold makes the table grow, or in the end takes one: what is lost is only made anew.
struct ReplyCache {
    private var places: [CachedReply?] = Array(repeating: nil, count: 64)
    /// Whose token the reply in each place hands out. All are looked through when a token changes: 16,384 in a few microseconds.
    private var tags: [UInt32] = Array(repeating: 0, count: 64)
    private var count = 0

    /// A seed of its own for each process: nobody can aim at a place.
    private let seed = UInt64.random(in: .min ... .max)

    /// With lines of at most `longestLine` bytes these are at most 6 MB, whoever asks.
    private static let mostPlaces = 16_384
    private static let longestLine = 128

    @inline(__always)
    func find(_ line: UnsafeRawBufferPointer, from caller: Caller) -> CachedReply? {
        let (first, second) = spots(CachedReply.hash(line, caller, seed))
        if let reply = places[first], reply.answers(line, from: caller) { return reply }
        if let reply = places[second], reply.answers(line, from: caller) { return reply }
        return nil
    }

    /// Keeps a reply in the place of the one before for the same line, of none, or of a stale one.
    mutating func keep(_ reply: CachedReply, at boot: Int64) {
        guard reply.lineCount <= Self.longestLine else { return }
        let (first, second) = spots(reply.hash(seed))
        let before = [first, second].first { places[$0]?.hasLine(of: reply) == true }
        if let spot = before ?? [first, second].first(where: { places[$0]?.isCurrent(at: boot) != true }) { return put(reply, spot) }
        guard places.count < Self.mostPlaces else { return put(reply, first) }
        grow(at: boot)
        keep(reply, at: boot)
    }

    private mutating func put(_ reply: CachedReply, _ spot: Int) {
        if places[spot] == nil { count += 1 }
        (places[spot], tags[spot]) = (reply, reply.tag)
    }

    // MARK: letting go, for it keeps a spent token in memory

    mutating func drop(_ outdated: OutdatedReplies) {
        if outdated.isAll { return removeAll() }
        guard count > 0, !outdated.isEmpty else { return }
        // one look through all, however many tokens have changed in one turn
        let changed = Set(outdated.keys.map(CachedReply.tag))
        if let tag = changed.first, changed.count == 1 {
            for spot in tags.indices where tags[spot] == tag { clear(spot) }
        } else {
            for spot in tags.indices where places[spot] != nil && changed.contains(tags[spot]) { clear(spot) }
        }
    }

    mutating func dropStale(at boot: Int64) {
        guard count > 0 else { return }
        for spot in places.indices where places[spot]?.isCurrent(at: boot) == false { clear(spot) }
    }

    mutating func removeAll() { self = ReplyCache() }

    private mutating func clear(_ spot: Int) {
        guard places[spot] != nil else { return }
        (places[spot], tags[spot]) = (nil, 0)
        count -= 1
    }

    private mutating func grow(at boot: Int64) {
        let kept = places.compactMap { $0 }.filter { $0.isCurrent(at: boot) }
        (places, tags) = (Array(repeating: nil, count: places.count * 2), Array(repeating: 0, count: tags.count * 2))
        count = 0
        for reply in kept {
            let (first, second) = spots(reply.hash(seed))
            put(reply, places[first] == nil ? first : second)
        }
    }

    @inline(__always)
    private func spots(_ hash: UInt64) -> (Int, Int) {
        let mask = UInt64(places.count - 1)
        return (Int(hash & mask), Int((hash >> 32) & mask))
    }
}
