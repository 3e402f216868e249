/// What waits for its turn as in a `RunQueue`, with each share's own items by rank.
///
/// An item may wait for several shares. It is taken out at the first of its turns, and then waits for none of them. It may also leave before.
struct FairQueue<Item: Hashable & Sendable>: Sendable {
    private var turns = ShareRotation()
    /// What each share in the rotation has. Nothing, until its turn comes, where all of that has left.
    private var ranked: [Share: Deadlines<Item>] = [:]
    /// For whom each item waits.
    private var holders: [Item: [Share.Entry: [Consumer]]] = [:]

    /// One item waits for so many holders of one entry. It bounds what a group with many uids can add; further members have it when these have it.
    static var mostHolders: Int { 8 }

    var isEmpty: Bool { holders.isEmpty }

    var items: some Collection<Item> { holders.keys }

    func contains(_ item: Item) -> Bool { holders[item] != nil }

    /// The lowest rank of a share comes first. Where the item waits for the share already, it keeps its rank.
    mutating func insert(_ item: Item, for share: Share, rank: Int64) {
        let present = holders[item]?[share.entry] ?? []
        guard present.count < Self.mostHolders, !present.contains(share.holder) else { return }
        holders[item, default: [:]][share.entry, default: []].append(share.holder)
        if ranked[share] == nil { turns.append(share) }
        ranked[share, default: Deadlines()].set(item, at: rank)
    }

    mutating func remove(_ item: Item) {
        for (entry, holders) in holders.removeValue(forKey: item) ?? [:] {
            for holder in holders { ranked[Share(entry, holder)]?.set(item, at: nil) }
        }
        if isEmpty { (turns, ranked) = (ShareRotation(), [:]) }
    }

    /// Takes out the next; `nil` when nothing waits.
    mutating func next() -> Item? {
        while let share = turns.next() {
            guard let item = ranked[share]?.first?.key else {
                ranked[share] = nil
                continue
            }
            turns.append(share)
            remove(item)
            return item
        }
        return nil
    }
}
