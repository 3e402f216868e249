internal import TokenWire

/// Tokens of their own for the members of a group. A rule with a group lets in whoever has it, and a member may have thousands of uids that keep it
/// (subuid(5)): each of them would have a token fetched and held. Rules with a user or a unit name those they are for, and have no such bound.
extension Ledger {
    /// Over all tokens and groups.
    package static let mostMembers = 16_384

    /// Makes room for a member of a group who holds nothing of this token yet, or says why there is none.
    mutating func admitMember(_ key: CacheKey, of share: Share, at now: Moment) -> Refusal? {
        let member = consumerKey(key)
        guard case .group = share.entry, case .uid = member.consumer, consumers[member]?.variants.isEmpty ?? true else { return nil }
        let token = key.token
        // taken out of their places, so that they are not copied and the rest can be looked at
        var crowd = crowds.removeValue(forKey: token) ?? FairHoldings(Self.bounds(perGroup: configuration.limits.membersPerGroup))
        var all = FairHoldings<ConsumerKey>(Self.memberBounds())
        swap(&all, &members)
        var (isIn, putOut) = crowd.admit(member, of: share, rank: now.boot) { isIdle($0) }
        if !isIn, crowd.count(of: share) == 0, let idle = longestIdle(in: &crowd, of: share.entry, at: now) {
            crowd.remove(idle)
            isIn = crowd.admit(member, of: share, rank: now.boot).isIn
            putOut.append(idle)
        }
        let (isInAll, putOutOfAll) = isIn ? all.admit(member, of: share, rank: now.boot) { isIdle($0) } : (false, [])
        swap(&all, &members)
        crowds[token] = crowd
        for other in putOut + putOutOfAll { for key in consumers[other]?.variants ?? [] { close(key) } }
        if isInAll { return nil }
        forget(member: member)
        return Refusal(.busy, [Field("retry-after", 60)], "too many members of the group hold a token of their own of \"\(token)\"")
    }

    /// Where each has one, a newcomer takes the place of the one that was asked for least lately. Who had it may come back, so that each place is given
    /// away now and then at most. A few are looked at: those that were asked for meanwhile come later the next time.
    private func longestIdle(in crowd: inout FairHoldings<ConsumerKey>, of entry: Share.Entry, at now: Moment) -> ConsumerKey? {
        let latest = now.boot - Self.leastIdle
        for _ in 0..<8 {
            guard let first = crowd.first(of: entry) else { return nil }
            let asked = lastAsked(first)
            if isIdle(first), asked <= latest { return first }
            crowd.setRank(of: first, to: max(asked, latest + 1))
        }
        return nil
    }
    private static let leastIdle = Int64.seconds(600)

    private func lastAsked(_ member: ConsumerKey) -> Int64 { consumers[member]?.variants.compactMap { entries[$0]?.lastAsked }.max() ?? 0 }

    /// Nobody waits for what it holds, or watches it.
    private func isIdle(_ member: ConsumerKey) -> Bool {
        consumers[member]?.variants.allSatisfy { isIdle($0) } ?? true
    }

    func isIdle(_ key: CacheKey) -> Bool {
        entries[key] == nil || (exchanges.isIdle(key) && !isAwaited(key) && !isWatched(key))
    }

    mutating func forget(member: ConsumerKey) {
        crowds[member.token]?.remove(member)
        if crowds[member.token]?.count == 0 { crowds[member.token] = nil }
        members.remove(member)
    }

    /// The configuration has changed.
    mutating func adjustCrowds() {
        for token in crowds.keys { crowds[token]?.bounds = Self.bounds(perGroup: configuration.limits.membersPerGroup) }
    }

    private static func bounds(perGroup: Int) -> FairPool.Bounds {
        // nobody holds so much of a group that what is in use of it keeps the others out
        var bounds = FairPool.Bounds(capacity: mostMembers, perHolder: max(perGroup / 4, 1))
        bounds.perGroup = perGroup
        (bounds.keptForNamed, bounds.keptForAdministrators) = (0, 0)
        return bounds
    }

    static func memberBounds() -> FairPool.Bounds { bounds(perGroup: mostMembers / 4) }
}
