internal import Codecs

/// Shares in turn: first the entries, then the holders of each entry.
struct ShareRotation: Sendable {
    /// Each entry that has a holder is in it once.
    private var entries = FIFO<Share.Entry>()
    private var holders: [Share.Entry: FIFO<Consumer>] = [:]

    var isEmpty: Bool { holders.isEmpty }

    /// Puts a share, which is not in it yet, behind the others.
    mutating func append(_ share: Share) {
        if holders[share.entry] == nil { entries.append(share.entry) }
        holders[share.entry, default: FIFO()].append(share.holder)
    }

    /// Takes out the share whose turn it is.
    mutating func next() -> Share? {
        guard let entry = entries.removeFirst(), let holder = holders[entry]?.removeFirst() else { return nil }
        if holders[entry]?.isEmpty == true { holders[entry] = nil } else { entries.append(entry) }
        return Share(entry, holder)
    }
}
