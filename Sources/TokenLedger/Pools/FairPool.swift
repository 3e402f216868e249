/// Counts who holds how much of something that is bounded, and says who has to give way when it is full: whoever holds most, never
/// the next who comes. Holds nothing itself.
///
/// How to use it, for connections, waiters, bytes, cached tokens alike:
///
///     var pool = FairPool(FairPool.Bounds(capacity: 4096, perHolder: 512))
///     let share = policy.share(of: caller)
///     while true {
///         switch pool.claim(for: share) {
///         case .granted: …                   // take it in; `release(of: share)` when it ends, however it ends
///         case .takeFrom(let victim): …      // end something of the victim's, which releases it, and claim again
///         case .refused: …                   // the claimer holds most itself, or all that one may hold: `ERR busy`
///         }
///     }
///
/// A victim always holds more than the claimer will, so the loop ends and nobody can drive out somebody who holds less. Between two
/// entries the totals are compared, within one entry what its holders have.
package struct FairPool: Sendable {
    package struct Bounds: Sendable, Equatable {
        /// Of everybody together.
        package var capacity: Int
        /// The most that one holder may have, and that one stranger may have.
        package var perHolder: Int
        package var perStranger: Int
        /// The most that all of one group entry may have, and all strangers together.
        package var perGroup: Int
        package var strangers: Int
        /// Room that groups and strangers cannot take, and room that only administrators can take.
        package var keptForNamed: Int
        package var keptForAdministrators: Int

        /// Strangers get nothing unless it is said. A quarter for one group, a quarter kept for users and units, a sixteenth for administrators.
        package init(capacity: Int, perHolder: Int = .max, strangers: Int = 0, perStranger: Int = 0) {
            self.capacity = capacity
            self.perHolder = perHolder
            self.strangers = strangers
            self.perStranger = perStranger
            perGroup = max(capacity / 4, 1)
            keptForNamed = capacity / 4
            keptForAdministrators = capacity / 16
        }

        /// The most that the tier and those before it may have together.
        fileprivate func room(upTo tier: Share.Tier) -> Int {
            switch tier {
            case .strangers, .groups: capacity - keptForNamed - keptForAdministrators
            case .named: capacity - keptForAdministrators
            case .administrators: capacity
            }
        }

        /// What nobody of an earlier tier can take from it.
        fileprivate func kept(for tier: Share.Tier) -> Int {
            switch tier {
            case .strangers, .groups: 0
            case .named: keptForNamed
            case .administrators: keptForAdministrators
            }
        }

        fileprivate func most(of entry: Share.Entry) -> Int {
            switch entry {
            case .strangers: strangers
            case .group: perGroup
            case .user, .unit, .administrators, .root: capacity
            }
        }
    }

    package enum Claim: Hashable, Sendable {
        /// It is counted.
        case granted
        /// Nothing is counted yet: this holder has more and gives way first.
        case takeFrom(Share)
        /// Nothing is counted.
        case refused
    }

    /// What is held already stays when they shrink.
    package var bounds: Bounds
    /// The entries of each tier, and the holders of each entry, by what they hold.
    private var entries = [Ranking<Share.Entry>](repeating: Ranking(), count: Share.Tier.allCases.count)
    private var holders: [Share.Entry: Ranking<Consumer>] = [:]
    private var held = [Int](repeating: 0, count: Share.Tier.allCases.count)

    package init(_ bounds: Bounds) { self.bounds = bounds }

    /// Of everybody together.
    package var count: Int { held.reduce(0, +) }

    package func count(of share: Share) -> Int { holders[share.entry]?[share.holder] ?? 0 }

    package func count(of entry: Share.Entry) -> Int { holders[entry]?.total ?? 0 }

    package mutating func claim(_ amount: Int = 1, for share: Share) -> Claim {
        let outlook = outlook(amount, for: share)
        if outlook == .granted { change(share, by: max(amount, 0)) }
        return outlook
    }

    /// What a claim would be told.
    package func outlook(_ amount: Int = 1, for share: Share) -> Claim {
        guard amount > 0 else { return .granted }
        let entry = holders[share.entry]
        let (own, ofEntry) = (entry?[share.holder] ?? 0, entry?.total ?? 0)
        let most = share.entry == .strangers ? bounds.perStranger : bounds.perHolder
        guard amount <= bounds.capacity, own <= most, amount <= most - own else { return .refused }
        if ofEntry + amount > bounds.most(of: share.entry) { return instead(own + amount, within: share.entry) }
        if let tier = fullTier(from: share.tier, amount) { return instead(own + amount, ofEntry + amount, share, upTo: tier) }
        return .granted
    }

    /// Gives back what was granted. More than that is never given back.
    package mutating func release(_ amount: Int = 1, of share: Share) { change(share, by: -min(amount, count(of: share))) }

    /// The first tier whose room, with that of those before it, is too small for so much more.
    private func fullTier(from tier: Share.Tier, _ amount: Int) -> Share.Tier? {
        var sum = 0
        return Share.Tier.allCases.first {
            sum += held[$0.rawValue]
            return $0 >= tier && sum + amount > bounds.room(upTo: $0)
        }
    }

    /// Whoever holds most within the entry, if that is more than the claimer would.
    private func instead(_ wanted: Int, within entry: Share.Entry) -> Claim {
        guard let greatest = holders[entry]?.greatest, greatest.count > wanted else { return .refused }
        return .takeFrom(Share(entry, greatest.key))
    }

    /// Whoever holds most of the entry that holds most. A later tier than the claimer's gives way only where it holds more than is kept for it.
    private func instead(_ wanted: Int, _ wantedOfEntry: Int, _ share: Share, upTo last: Share.Tier) -> Claim {
        let tiers = Share.Tier.allCases.filter { $0 <= last && ($0 <= share.tier || held[$0.rawValue] > bounds.kept(for: $0)) }
        let greatest = tiers.compactMap { entries[$0.rawValue].greatest }.max { $0.count < $1.count }
        guard let greatest, greatest.key != share.entry, greatest.count > wantedOfEntry, let holder = holders[greatest.key]?.greatest
        else { return instead(wanted, within: share.entry) }
        return .takeFrom(Share(greatest.key, holder.key))
    }

    private mutating func change(_ share: Share, by amount: Int) {
        guard amount != 0 else { return }
        let tier = share.tier.rawValue
        held[tier] += amount
        entries[tier].add(amount, to: share.entry)
        holders[share.entry, default: Ranking()].add(amount, to: share.holder)
        // those of a few who come and go stay, so that nothing is allocated each time
        if holders.count > Self.emptyEntries, count(of: share.entry) == 0 { holders[share.entry] = nil }
    }
    private static let emptyEntries = 64
}

/// Who has how much, and who has most: of several the one who came first. A few are looked through; many are kept in order.
private struct Ranking<Key: Hashable & Sendable>: Sendable {
    private(set) var total = 0
    private var few: [(key: Key, count: Int)] = []
    /// In place of `few`. The heap that finds the earliest finds the greatest of negative numbers.
    private var many: Deadlines<Key>?

    subscript(key: Key) -> Int { many.map { Int(-($0[key] ?? 0)) } ?? few.first { $0.key == key }?.count ?? 0 }

    var greatest: (key: Key, count: Int)? {
        if let many { return many.first.map { ($0.key, Int(-$0.at)) } }
        var greatest = few.first
        for one in few.dropFirst() where one.count > greatest?.count ?? 0 { greatest = one }
        return greatest
    }

    mutating func add(_ amount: Int, to key: Key) {
        total += amount
        if many == nil { addToFew(amount, key) } else { addToMany(amount, key) }
    }

    private mutating func addToFew(_ amount: Int, _ key: Key) {
        guard let place = few.firstIndex(where: { $0.key == key }) else {
            few.append((key, amount))
            if few.count > 16 { sort() }
            return
        }
        few[place].count += amount
        if few[place].count == 0 { few.remove(at: place) }
    }

    private mutating func sort() {
        var sorted = Deadlines<Key>()
        for one in few { sorted.set(one.key, at: -Int64(one.count)) }
        (few, many) = ([], sorted)
    }

    private mutating func addToMany(_ amount: Int, _ key: Key) {
        let count = self[key] + amount
        many?.set(key, at: count > 0 ? -Int64(count) : nil)
        guard let left = many, left.count <= 8 else { return }
        (few, many) = (left.keys.map { ($0, Int(-(left[$0] ?? 0))) }, nil)
    }
}
