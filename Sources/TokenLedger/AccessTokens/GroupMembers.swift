internal import TokenWire

/// Tokens of their own for the members of a group. A rule with a group lets in whoever has it, and a member may have thousands of uids that keep it
/// (subuid(5)): each of them would have a token fetched and held. Rules with a user or a unit name those they are for, and have no such bound.
struct GroupMembers: Sendable {
    private var ofToken: [TokenName: FairHoldings<ConsumerKey>] = [:]
    private var ofAll = FairHoldings<ConsumerKey>(bounds(perGroup: most / 4))

    /// Over all tokens and groups.
    static let most = 16_384
    private static let leastIdle = Int64.seconds(600)

    var count: Int { ofAll.count }
    var all: [ConsumerKey] { ofAll.items }

    /// Takes a member in that is not in yet, in the place of idle ones if need be: those are put out in any case.
    mutating func admit(
        _ member: ConsumerKey, of share: Share, perGroup: Int, at boot: Int64, isIdle: (ConsumerKey) -> Bool, lastAsked: (ConsumerKey) -> Int64
    ) -> (isIn: Bool, putOut: [ConsumerKey]) {
        var crowd = ofToken.removeValue(forKey: member.token) ?? FairHoldings(Self.bounds(perGroup: perGroup))
        var (isIn, putOut) = crowd.admit(member, of: share, rank: boot, mayGo: isIdle)
        if !isIn, crowd.count(of: share) == 0, let idle = Self.longestIdle(in: &crowd, of: share.entry, at: boot, isIdle, lastAsked) {
            crowd.remove(idle)
            isIn = crowd.admit(member, of: share, rank: boot).isIn
            putOut.append(idle)
        }
        let (isInAll, putOutOfAll) = isIn ? ofAll.admit(member, of: share, rank: boot, mayGo: isIdle) : (false, [])
        ofToken[member.token] = crowd
        for other in putOut + putOutOfAll { remove(other) }
        if !isInAll { remove(member) }
        return (isInAll, putOut + putOutOfAll)
    }

    /// Where each has one, a newcomer takes the place of the one that was asked for least lately. Who had it may come back, so that each place is given
    /// away now and then at most. A few are looked at: those that were asked for meanwhile come later the next time.
    private static func longestIdle(
        in crowd: inout FairHoldings<ConsumerKey>, of entry: Share.Entry, at boot: Int64, _ isIdle: (ConsumerKey) -> Bool,
        _ lastAsked: (ConsumerKey) -> Int64
    ) -> ConsumerKey? {
        let latest = boot - leastIdle
        for _ in 0..<8 {
            guard let first = crowd.first(of: entry) else { return nil }
            let asked = lastAsked(first)
            if isIdle(first), asked <= latest { return first }
            crowd.setRank(of: first, to: max(asked, latest + 1))
        }
        return nil
    }

    mutating func remove(_ member: ConsumerKey) {
        ofToken[member.token]?.remove(member)
        if ofToken[member.token]?.count == 0 { ofToken[member.token] = nil }
        ofAll.remove(member)
    }

    mutating func keepOnly(_ isWanted: (TokenName) -> Bool) {
        for member in all where !isWanted(member.token) { remove(member) }
    }

    mutating func adjust(perGroup: Int) {
        for token in ofToken.keys { ofToken[token]?.bounds = Self.bounds(perGroup: perGroup) }
    }

    private static func bounds(perGroup: Int) -> FairPool.Bounds {
        // nobody holds so much of a group that what is in use of it keeps the others out
        var bounds = FairPool.Bounds(capacity: most, perHolder: max(perGroup / 4, 1))
        bounds.perGroup = perGroup
        (bounds.keptForNamed, bounds.keptForAdministrators) = (0, 0)
        return bounds
    }

    func check() -> [String] {
        var faults = ofAll.check()
        let listed = ofToken.values.flatMap(\.items)
        for crowd in ofToken.values { faults += crowd.check() }
        if Set(listed) != Set(all) { faults.append("the members of groups are \(count) in all and \(listed.count) by token") }
        return faults
    }
}
