internal import TokenWire

/// The access tokens that are held, for whom, and when each is looked at next.
///
/// A row is opened when somebody asks for a token, or it is kept, and closed when nothing is held in it and nobody is interested. What is put into it, and
/// when, the ledger decides.
struct TokenCache: Sendable {
    private var rows: [CacheKey: CachedToken] = [:]
    /// Why the last exchange brought nothing.
    private var troubles: [CacheKey: Trouble] = [:]
    private var tokens: [TokenName: TokenRows] = [:]
    private var consumers: [ConsumerKey: ConsumerState] = [:]
    /// Who first asked for a variant of a shared token.
    private var payers: [CacheKey: Consumer] = [:]
    private var members = GroupMembers()
    private var schedule = Deadlines<CacheKey>()
    /// CLOCK_BOOTTIME at which a row was last opened.
    private var latest: Int64 = 0
    private var outdated = OutdatedReplies()
    /// Whose token that outlives the process may be another one than before.
    private var changed: Set<CacheKey> = []

    static let variantsPerConsumer = 8

    /// The rows of one configured token.
    private struct TokenRows: Sendable {
        var keys = CacheKeys()
        /// CLOCK_BOOTTIME from which on none of what was ever held of it can be served.
        var servableUntil: Int64 = 0
    }

    // MARK: what is held

    var count: Int { rows.count }
    var keys: some Collection<CacheKey> { rows.keys }

    subscript(key: CacheKey) -> CachedToken? { rows[key] }

    /// With the key that the tables have in common.
    func find(_ key: CacheKey) -> (key: CacheKey, token: CachedToken)? {
        guard let place = rows.index(forKey: key) else { return nil }
        let (key, value) = rows[place]
        return (key, value)
    }

    func contains(_ key: CacheKey) -> Bool { rows[key] != nil }

    func held(_ key: CacheKey) -> HeldToken? { rows[key]?.held }

    func trouble(of key: CacheKey) -> Trouble? { troubles.isEmpty ? nil : troubles[key] }

    var keysInTrouble: [CacheKey] { Array(troubles.keys) }

    func keys(of token: TokenName) -> CacheKeys { tokens[token]?.keys ?? [] }

    /// Whether anything of a token could be served now. In an outage thousands of its tokens may have ended: they are not looked through.
    func isServable(_ token: TokenName, at boot: Int64) -> Bool {
        guard let token = tokens[token], token.servableUntil > boot else { return false }
        return token.keys.contains { rows[$0]?.held?.lasts(1, at: boot) ?? false }
    }

    // MARK: rows come and go

    /// - Parameter payer: who asked for it first, where it is a variant of a shared token.
    mutating func open(_ key: CacheKey, for payer: Consumer? = nil, at boot: Int64) {
        latest = boot
        guard rows[key] == nil else { return }
        rows[key] = CachedToken()
        tokens[key.token, default: TokenRows()].keys.append(key)
        consumers[key.consumerKey, default: ConsumerState(budget: Budget(at: boot))].open(key)
        if let payer, key.consumer == .shared { payers[key] = payer }
    }

    /// Forgets a row altogether; its consumer's budget stays until it is full again.
    mutating func close(_ key: CacheKey) {
        guard rows[key] != nil else { return }
        remove(key)
        tokens[key.token]?.keys.removeAll { $0 == key }
        if tokens[key.token]?.keys.isEmpty == true { tokens[key.token] = nil }
    }

    /// Forgets all rows of a token.
    mutating func closeAll(of token: TokenName) {
        for key in tokens.removeValue(forKey: token)?.keys ?? [] { remove(key) }
    }

    private mutating func remove(_ key: CacheKey) {
        guard let row = rows.removeValue(forKey: key) else { return }
        outdated.keys.insert(key)
        if row.held != nil { changed.insert(key) }
        (troubles[key], payers[key]) = (nil, nil)
        schedule.set(key, at: nil)
        consumers[key.consumerKey]?.close(key)
        if variants(of: key).isEmpty { members.remove(key.consumerKey) }
        forgetConsumers()
    }

    /// A consumer without any variant is remembered only for the budget it has spent; not for ever.
    private mutating func forgetConsumers() {
        guard consumers.count > 2 * rows.count + 64 else { return }
        consumers = consumers.filter { !$0.value.variants.isEmpty || !$0.value.budget.isFull(at: latest, lifetime: 0) }
    }

    /// Forgets the consumers of tokens that are no longer configured; nothing is held for them.
    mutating func keepOnly(_ isWanted: (TokenName) -> Bool) {
        members.keepOnly(isWanted)
        consumers = consumers.filter { isWanted($0.key.token) }
    }

    // MARK: tokens come and go

    /// An exchange has brought another token.
    mutating func publish(_ held: HeldToken, _ key: CacheKey, spread: Float) {
        guard rows[key] != nil else { return }
        rows[key]?.begin(held, spread: spread)
        troubles[key] = nil
        noteServable(held, key)
        replaced(key)
    }

    /// A reference token; `nil`: there is none, or it has ended.
    mutating func hold(reference held: HeldToken?, _ key: CacheKey) {
        guard rows[key] != nil else { return }
        rows[key]?.held = held
        if let held { noteServable(held, key) }
        outdated.keys.insert(key)
    }

    /// One that an earlier process or configuration had.
    mutating func resume(_ held: HeldToken, _ key: CacheKey, isAsked: Bool, lastAsked: Int64, spread: Float) {
        guard rows[key] != nil else { return }
        rows[key] = CachedToken(held: held, spread: spread, lastAsked: lastAsked)
        rows[key]?.isAsked = isAsked
        noteServable(held, key)
        if isAsked { noteServed(key) }
    }

    /// What is held has ended, or is not to be served any more.
    mutating func drop(_ key: CacheKey) {
        guard rows[key] != nil else { return }
        rows[key]?.held = nil
        replaced(key)
    }

    private mutating func replaced(_ key: CacheKey) {
        outdated.keys.insert(key)
        changed.insert(key)
    }

    private mutating func noteServable(_ held: HeldToken, _ key: CacheKey) {
        let until = tokens[key.token]?.servableUntil ?? 0
        tokens[key.token]?.servableUntil = max(until, held.until)
    }

    /// The wall clock was set: what is told of it is computed anew. Gives the reference tokens, whose end depends on it.
    mutating func follow(_ now: Moment) -> [CacheKey] {
        outdated.isAll = true
        return rows.keys.filter { key in
            guard var held = rows[key]?.held else { return false }
            held.follow(now)
            rows[key]?.held = held
            noteServable(held, key)
            return held.isReference
        }
    }

    // MARK: failures

    /// An exchange brought nothing; the reason, where one is to be remembered.
    mutating func fail(_ key: CacheKey, _ trouble: Trouble?) {
        guard rows[key] != nil else { return }
        troubles[key] = trouble
        rows[key]?.isRejected = false
        outdated.keys.insert(key)
    }

    mutating func endTrouble(of key: CacheKey) { troubles[key] = nil }

    // MARK: use

    /// Somebody asks for it: worth renewing.
    mutating func noteAsked(_ key: CacheKey, validity seconds: Int?, at boot: Int64) {
        rows[key]?.isAsked = true
        rows[key]?.lastAsked = boot
        if let seconds { rows[key]?.request(validity: seconds) }
    }

    mutating func noteWatched(_ key: CacheKey, validity seconds: Int?) {
        rows[key]?.isAsked = true
        if let seconds { rows[key]?.request(validity: seconds) }
    }

    /// It is handed out. Whether that bears on when it is renewed.
    mutating func noteHandedOut(_ key: CacheKey, validity seconds: Int?, at boot: Int64) -> Bool {
        let isFirst = rows[key]?.isAsked == false
        if isFirst { changed.insert(key) }
        noteAsked(key, validity: seconds, at: boot)
        noteServed(key)
        return isFirst || seconds != nil
    }

    /// Which variant a consumer was last given decides what REJECT without an id means.
    mutating func noteServed(_ key: CacheKey) {
        guard consumers[key.consumerKey]?.lastServed != key else { return }
        if let before = consumers[key.consumerKey]?.lastServed { outdated.keys.insert(before) }
        consumers[key.consumerKey]?.serve(key)
    }

    /// An API did not take it: it does not outlive the process, also where this one goes on handing it out for want of another.
    mutating func disown(_ key: CacheKey) {
        rows[key]?.isDisowned = true
        changed.insert(key)
    }

    /// It is served only if no other can be had.
    mutating func reject(_ key: CacheKey) {
        rows[key]?.isRejected = true
        rows[key]?.isAsked = true
        outdated.keys.insert(key)
    }

    mutating func want(_ key: CacheKey, _ cause: Cause) { rows[key]?.wantedAnew = cause }

    mutating func stopWanting(_ key: CacheKey, _ cause: Cause) { if rows[key]?.wantedAnew == cause { rows[key]?.wantedAnew = nil } }

    // MARK: consumers

    /// The variants of its consumer.
    func variants(of key: CacheKey) -> CacheKeys { consumers[key.consumerKey]?.variants ?? [] }

    func lastServed(toConsumerOf key: CacheKey) -> CacheKey? { consumers[key.consumerKey]?.lastServed }

    /// Takes one exchange from the budget of a consumer, or gives the nanoseconds until there is one again.
    mutating func spend(_ consumer: ConsumerKey, lifetime: Int64, at boot: Int64) -> Int64? {
        consumers[consumer, default: ConsumerState(budget: Budget(at: boot))].budget.spend(at: boot, lifetime: lifetime)
    }

    /// Room for one more variant of whoever pays for it.
    enum Room: Equatable {
        case free
        /// once this one, which was not asked for as long as any other, is closed
        case instead(CacheKey)
        case none
    }

    func room(for key: CacheKey, of payer: Consumer, isIdle: (CacheKey) -> Bool) -> Room {
        let variants = variants(of: key).filter { key.consumer != .shared || payers[$0] == payer }
        guard variants.count >= Self.variantsPerConsumer else { return .free }
        return variants.filter(isIdle).min { lastAsked($0) < lastAsked($1) }.map { .instead($0) } ?? .none
    }

    private func lastAsked(_ key: CacheKey) -> Int64 { rows[key]?.lastAsked ?? 0 }

    // MARK: members of groups

    /// Makes room for a member of a group who holds nothing of this token yet. Gives what has to be closed for it; there may be none all the same.
    mutating func admitMember(_ key: CacheKey, of share: Share, perGroup: Int, at boot: Int64, isIdle: (CacheKey) -> Bool) -> (isIn: Bool, close: [CacheKey]) {
        guard case .group = share.entry, case .uid = key.consumer, variants(of: key).isEmpty else { return (true, []) }
        // taken out of its place, so that it is not copied and the rest can be looked at
        var members = GroupMembers()
        swap(&members, &self.members)
        defer { self.members = members }
        let (isIn, putOut) = members.admit(
            key.consumerKey, of: share, perGroup: perGroup, at: boot,
            isIdle: { consumers[$0]?.variants.allSatisfy(isIdle) ?? true },
            lastAsked: { consumers[$0]?.variants.map { lastAsked($0) }.max() ?? 0 })
        return (isIn, putOut.flatMap { consumers[$0].map { Array($0.variants) } ?? [] })
    }

    /// It was let in and gets nothing after all.
    mutating func removeIdleMember(_ key: CacheKey) { if variants(of: key).isEmpty { members.remove(key.consumerKey) } }

    mutating func adjustMembers(perGroup: Int) { members.adjust(perGroup: perGroup) }

    // MARK: when each is looked at next

    var nextDeadline: Int64? { schedule.next }

    func nextLook(_ key: CacheKey) -> Int64? { schedule[key] }

    mutating func schedule(_ key: CacheKey, at boot: Int64?) { schedule.set(key, at: rows[key] == nil ? nil : boot) }

    mutating func due(at boot: Int64, atMost most: Int) -> [CacheKey] { schedule.due(at: boot, atMost: most) }

    mutating func stopLooking() { schedule = Deadlines() }

    // MARK: what others have to know

    mutating func outdateAllReplies() { outdated.isAll = true }

    mutating func takeOutdated() -> OutdatedReplies {
        guard !outdated.isEmpty else { return outdated }
        defer { outdated = OutdatedReplies() }
        return outdated
    }

    /// What is kept for the next process under this key has to be looked at again.
    mutating func noteChanged(_ key: CacheKey) { changed.insert(key) }

    mutating func takeChanged() -> Set<CacheKey> {
        guard !changed.isEmpty else { return [] }
        defer { changed = [] }
        return changed
    }

    // MARK: figures and check

    var consumerCount: Int { consumers.count }
    var memberCount: Int { members.count }
    var scheduledCount: Int { schedule.count }

    func check() -> [String] {
        var faults = members.check()
        for key in rows.keys {
            if variants(of: key).count(where: { $0 == key }) != 1 { faults.append("\(key.consumer) does not list its row \(key) once") }
            if keys(of: key.token).count(where: { $0 == key }) != 1 { faults.append("\(key.token) does not list its row \(key) once") }
        }
        for (consumer, state) in consumers {
            for key in state.variants where rows[key] == nil || key.consumerKey != consumer {
                faults.append("\(consumer.consumer) lists \(key), which is not its row")
            }
        }
        for (name, token) in tokens {
            for key in token.keys where rows[key] == nil || key.token != name { faults.append("\(name) lists \(key), which is not its row") }
            for key in token.keys where rows[key]?.held.map({ $0.until > token.servableUntil }) ?? false {
                faults.append("what is held of \(key) lives longer than \(name) knows")
            }
        }
        for key in troubles.keys where rows[key] == nil { faults.append("\(key) is in trouble and has no row") }
        for key in payers.keys where rows[key] == nil { faults.append("\(key) has somebody who asked for it and no row") }
        for key in schedule.keys where rows[key] == nil { faults.append("\(key) is scheduled and has no row") }
        for member in members.all where consumers[member]?.variants.isEmpty ?? true {
            faults.append("\(member.consumer) has a place for \(member.token) and holds none")
        }
        return faults
    }
}

/// Replies given before that might be given differently now.
package struct OutdatedReplies: Sendable {
    /// Those of these cached tokens.
    package var keys: Set<CacheKey>
    /// All there are: other rules, another time of day.
    package var isAll: Bool

    package var isEmpty: Bool { keys.isEmpty && !isAll }

    package init(keys: Set<CacheKey> = [], isAll: Bool = false) { (self.keys, self.isAll) = (keys, isAll) }
}
