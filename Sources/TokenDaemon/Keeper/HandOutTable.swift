internal import TokenLedger

/// The replies worth keeping, found by line and caller. Each has two places; whoever finds both taken by replies that still
/// hold makes the table grow, or in the end takes one: what is lost is only made anew.
struct HandOutTable {
    private var places: [HandOut?] = Array(repeating: nil, count: 64)
    private var count = 0

    /// A seed of its own for each process: nobody can aim at a place.
    private let seed = UInt64.random(in: .min ... .max)

    /// With lines of at most `longestLine` bytes these are at most 6 MB, whoever asks.
    private static let mostPlaces = 16_384
    private static let longestLine = 128

    @inline(__always)
    func find(_ line: UnsafeRawBufferPointer, from caller: Caller) -> HandOut? {
        let (first, second) = spots(HandOut.hash(line, caller, seed))
        if let handOut = places[first], handOut.answers(line, from: caller) { return handOut }
        if let handOut = places[second], handOut.answers(line, from: caller) { return handOut }
        return nil
    }

    /// Keeps a reply in the place of an outdated one for the same line, of none, or of a stale one.
    mutating func keep(_ handOut: HandOut, instead of: HandOut?, isStale: (HandOut) -> Bool) {
        guard handOut.lineCount <= Self.longestLine else { return }
        let (first, second) = spots(handOut.hash(seed))
        if let of, places[first] === of { return places[first] = handOut }
        if let of, places[second] === of { return places[second] = handOut }
        for spot in [first, second] where places[spot].map(isStale) ?? true {
            if places[spot] == nil { count += 1 }
            return places[spot] = handOut
        }
        guard places.count < Self.mostPlaces else { return places[first] = handOut }
        grow(isStale)
        keep(handOut, instead: nil, isStale: isStale)
    }

    /// Lets go of what no longer holds: it keeps a spent token in memory.
    mutating func drop(_ isStale: (HandOut) -> Bool) {
        guard count > 0 else { return }
        for spot in places.indices where places[spot].map(isStale) ?? false {
            places[spot] = nil
            count -= 1
        }
    }

    mutating func removeAll() { self = HandOutTable() }

    private mutating func grow(_ isStale: (HandOut) -> Bool) {
        let kept = places.compactMap { $0 }.filter { !isStale($0) }
        places = Array(repeating: nil, count: places.count * 2)
        count = 0
        for handOut in kept {
            let (first, second) = spots(handOut.hash(seed))
            let spot = places[first] == nil ? first : second
            if places[spot] == nil { count += 1 }
            places[spot] = handOut
        }
    }

    @inline(__always)
    private func spots(_ hash: UInt64) -> (Int, Int) {
        let mask = UInt64(places.count - 1)
        return (Int(hash & mask), Int((hash >> 32) & mask))
    }
}
