internal import Codecs

/// What waits for its turn, in turn by whom it is for: first the entries, then the holders of each entry, then what each of them has.
///
/// Neither many connections nor many uids in one group get a caller more turns than another caller has.
package struct RunQueue<Item> {
    private var turns = ShareRotation()
    /// What each share in the rotation has.
    private var items: [Share: FIFO<Item>] = [:]

    package init() {}

    package var isEmpty: Bool { turns.isEmpty }

    package mutating func append(_ item: Item, for share: Share) {
        if items[share] == nil { turns.append(share) }
        items[share, default: FIFO()].append(item)
    }

    /// Takes out the next; `nil` when nothing waits.
    package mutating func next() -> Item? {
        guard let share = turns.next() else { return nil }
        let item = items[share]?.removeFirst()
        if items[share]?.isEmpty == true { items[share] = nil } else { turns.append(share) }
        return item
    }
}
