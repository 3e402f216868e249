/// A fair pool that knows what is held in it: who comes may put out an item of whoever holds most.
///
/// Inlinable, because the audit counts its own items in one: a call across modules would not be specialised for them.
package struct FairHoldings<Item: Hashable & Sendable>: Sendable {
    @usableFromInline var pool: FairPool
    @usableFromInline var owners: [Item: Share] = [:]
    /// What each share holds, by rank.
    @usableFromInline var ranked: [Share: Deadlines<Item>] = [:]

    @inlinable
    package init(_ bounds: FairPool.Bounds) { pool = FairPool(bounds) }

    var bounds: FairPool.Bounds {
        get { pool.bounds }
        set { pool.bounds = newValue }
    }

    var count: Int { owners.count }
    var items: [Item] { Array(owners.keys) }

    func contains(_ item: Item) -> Bool { owners[item] != nil }

    func count(of share: Share) -> Int { pool.count(of: share) }

    /// Whether an item of this share would be taken in, and whether nobody would have to give way.
    @inlinable
    package func admits(_ share: Share) -> Bool { pool.outlook(for: share) != .refused }
    @inlinable
    package func hasRoom(for share: Share) -> Bool { pool.outlook(for: share) == .granted }

    /// What one more item of this share would be told.
    func outlook(for share: Share) -> FairPool.Claim { pool.outlook(for: share) }

    /// The item of a share that goes first.
    @inlinable
    package func first(of share: Share) -> Item? { ranked[share]?.first?.key }

    /// Of all shares of an entry. The cost grows with the number of shares.
    func first(of entry: Share.Entry) -> Item? {
        ranked.filter { $0.key.entry == entry }.compactMap(\.value.first).min { $0.at < $1.at }?.key
    }

    func items(where isMeant: (Share) -> Bool) -> [Item] { owners.filter { isMeant($0.value) }.map(\.key) }

    /// An item that is in goes earlier or later than before.
    mutating func setRank(of item: Item, to rank: Int64) {
        if let share = owners[item] { ranked[share]?.set(item, at: rank) }
    }

    /// Takes an item in, which is not in yet. `putOut` had to give way and are out: of what a share holds the item with the lowest rank goes first.
    /// It is not taken in where its share holds most, or all that it may hold.
    /// - Parameter mayGo: whether an item can be put out now. Where it cannot, the one who comes is not taken in.
    @inlinable
    package mutating func admit(_ item: Item, of share: Share, rank: Int64, mayGo: (Item) -> Bool = { _ in true }) -> (isIn: Bool, putOut: [Item]) {
        var putOut: [Item] = []
        while true {
            switch pool.claim(for: share) {
            case .granted:
                owners[item] = share
                ranked[share, default: Deadlines()].set(item, at: rank)
                return (true, putOut)
            case .takeFrom(let victim):
                guard let first = ranked[victim]?.first?.key, mayGo(first) else { return (false, putOut) }
                remove(first)
                putOut.append(first)
            case .refused: return (false, putOut)
            }
        }
    }

    /// It ends, however it ends.
    @inlinable
    package mutating func remove(_ item: Item) {
        guard let share = owners.removeValue(forKey: item) else { return }
        pool.release(of: share)
        ranked[share]?.set(item, at: nil)
        if ranked[share]?.next == nil { ranked[share] = nil }
    }
}

extension FairHoldings {
    func check() -> [String] {
        var faults: [String] = []
        if pool.count != owners.count { faults.append("a pool counts \(pool.count) places and has \(owners.count)") }
        for (share, items) in ranked where items.count != pool.count(of: share) {
            faults.append("a pool counts \(pool.count(of: share)) places of \(share) and ranks \(items.count)")
        }
        return faults
    }
}
