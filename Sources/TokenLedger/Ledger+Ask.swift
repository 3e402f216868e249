package import TokenWire

extension Ledger {
    /// The held token that answers this query at once, if there is one. Marks it as in use.
    ///
    /// A caller that named no promise also gets one that is nearly over, as long as it lives at all and its renewal fails or hangs.
    package mutating func ready(_ query: AuthorisedQuery, at now: Moment) -> Ready? {
        guard let place = entries.index(forKey: query.key), let held = entries.values[place].held, held.suits(query.fit) else { return nil }
        let (key, entry) = entries[place]
        if entry.isRejected, !exchanges.isIdle(key) { return nil }
        let promise = promise(query.promise, held, query.key.token)
        let isPromised = held.lasts(promise, at: now.boot)
        guard isPromised || (query.promise == .usual && held.lasts(1, at: now.boot) && isFailing(query.key, entry, at: now.boot)) else { return nil }
        markServed(query, at: now)
        return Ready(held: held, until: isPromised ? held.until - promise : held.until, key: key)
    }

    /// Whether it is the held token, and one for whoever asks so.
    package func offers(_ held: HeldToken, to query: AuthorisedQuery) -> Bool { entries[query.key]?.held?.id == held.id && held.suits(query.fit) }

    /// Which replies are outdated since this was last asked.
    package mutating func takeOutdated() -> OutdatedReplies {
        guard !outdated.isEmpty else { return outdated }
        defer { outdated = OutdatedReplies() }
        return outdated
    }

    mutating func outdateReplies(of key: CacheKey) { outdated.keys.insert(key) }

    /// Whether waiting for the renewal of a token that is still valid is not worth a caller's time.
    private func isFailing(_ key: CacheKey, _ entry: Entry, at boot: Int64) -> Bool {
        if entry.trouble != nil || finalRefusal(key.token, at: boot) != nil { return true }
        if pauseEnd(key) > boot { return true }
        guard let exchange = exchanges.exchange(for: key) else { return false }
        return boot - exchange.began > Self.shortWait
    }

    /// How long a caller that named no promise is held for a better token than the valid one.
    static let shortWait = Int64.seconds(1)

    /// Everything else: begins or joins an exchange, or refuses. The answer for `waiter` is in this turn, or in a later one.
    package mutating func ask(_ query: AuthorisedQuery, waiter id: UInt64, patience: Waiter.Patience = .outcome, at now: Moment) -> Turn {
        var turn = Turn()
        let waiter = Waiter(
            id: id, key: query.key, share: query.share, deadline: now.boot + longestWait(query, patience, at: now), promise: query.promise, fit: query.fit,
            patience: patience, utmost: now.boot + .seconds(query.wait))
        if patience.isForToken, let ready = ready(query, at: now) {
            turn.answers.append((id, .token(ready.held)))
        } else if let refusal = obstacle(query, waiter, at: now) {
            turn.answers.append((id, softened(refusal, query, at: now)))
        } else if let refusal = placeRefusal(query, waiter, at: now, &turn) {
            turn.answers.append((id, softened(refusal, query, at: now)))
        } else {
            join(query, waiter, patience == .ready ? .wait : .asked, at: now, &turn)
        }
        return turn
    }

    /// Takes the places that a request needs to wait, or says which there is not. A unit that starts is no part of any crowd: systemd asks for each
    /// once, and the credential socket bounds them.
    private mutating func placeRefusal(_ query: AuthorisedQuery, _ waiter: Waiter, at now: Moment, _ turn: inout Turn) -> Refusal? {
        if let refusal = admitMember(query.key, of: query.share, at: now) { return refusal }
        guard query.wait > 0, waiter.patience != .token, !claimPlace(for: waiter.id, of: query.share, at: now, &turn) else { return nil }
        if consumers[consumerKey(query.key)]?.variants.isEmpty ?? true { forget(member: consumerKey(query.key)) }
        return .tooManyWaiters
    }

    private func longestWait(_ query: AuthorisedQuery, _ patience: Waiter.Patience, at now: Moment) -> Int64 {
        let wait = Int64.seconds(query.wait)
        guard patience == .outcome, query.promise == .usual, let entry = entries[query.key], !entry.isRejected,
            let held = entry.held, held.lasts(1, at: now.boot), held.suits(query.fit)
        else { return wait }
        return min(wait, Self.shortWait)
    }

    /// Why no exchange is worth waiting for: it cannot help, is not due, or is more than this consumer's share.
    private mutating func obstacle(_ query: AuthorisedQuery, _ waiter: Waiter, at now: Moment) -> Refusal? {
        if isStopping { return .stopping }
        let key = query.key
        if let refusal = reasonNotToBegin(key, at: now.boot) { return refusal }
        let entry = entries[key]
        if let held = entry?.held, held.lasts(0, at: now.boot), !held.suits(query.fit) { return .unsuitable(held, query.fit) }
        if let held = entry?.held, held.isReference {
            guard held.lasts(1, at: now.boot) else { return .referenceEnded(key.token, isConfigured: isConfiguredValue(key.token)) }
            return .shortLived(held.until - now.boot, query.promise.seconds ?? 0)
        }
        if let refusal = unreachablePromise(query, entry) { return refusal }
        if !exchanges.isIdle(key), !isUnsettled(key.token) { return nil }
        if let next = nextChance(key, at: now.boot) {
            return next <= waiter.deadline ? nil : unavailable(key, until: next, at: now)
        }
        if let next = nextTry(key, at: now.boot), next > waiter.deadline { return unavailable(key, until: next, at: now) }
        return overBudget(query, entry, at: now)
    }

    /// A promise that no token of this server can keep, as far as its last one told.
    private func unreachablePromise(_ query: AuthorisedQuery, _ entry: Entry?) -> Refusal? {
        guard let minValid = query.promise.seconds, let lifetime = entry?.knownLifetime, .seconds(minValid) > lifetime else { return nil }
        return .shortLived(lifetime, minValid)
    }

    /// What a consumer may cause beyond its one token is bounded: an early renewal, another variant. To fetch when it has
    /// nothing else of this name costs nothing of it.
    private mutating func overBudget(_ query: AuthorisedQuery, _ entry: Entry?, at now: Moment) -> Refusal? {
        let payer = payer(of: query)
        if entry == nil, !makeRoom(for: query.key, of: payer) {
            return Refusal(.busy, [Field("retry-after", 60)], "\(payer) holds \(Self.variantsPerConsumer) variants of \"\(query.key.token)\" already")
        }
        guard hasAny(query.key, at: now.boot) else { return nil }
        return spend(ConsumerKey(token: query.key.token, consumer: payer), lifetime: entry?.knownLifetime ?? 0, at: now)
    }

    /// Whether the consumer holds any variant, has one under way, or was refused one for good.
    private func hasAny(_ key: CacheKey, at boot: Int64) -> Bool {
        consumers[consumerKey(key)]?.variants.contains { variant in
            guard let entry = entries[variant] else { return false }
            return !exchanges.isIdle(variant) || entry.trouble?.isFinal(at: boot) == true || entry.held?.lasts(1, at: boot) == true
        } ?? false
    }

    /// Whose budget an exchange is taken from, and whose variant of a shared token it is. Where all share one token, each caller has its own; all
    /// uids of a member of a group have one.
    func payer(of query: AuthorisedQuery) -> Consumer {
        if case .group = query.share.entry { return query.share.holder }
        return query.key.consumer == .shared ? query.share.holder : query.key.consumer
    }

    /// Takes one exchange from the consumer's budget, or says when there is one again.
    mutating func spend(_ key: ConsumerKey, lifetime: Int64, at now: Moment) -> Refusal? {
        let fresh = ConsumerState(budget: Budget(at: now.boot))
        guard let pause = consumers[key, default: fresh].budget.spend(at: now.boot, lifetime: lifetime) else { return nil }
        return Refusal(.busy, [Field("retry-after", wholeSeconds(pause))], "\(key.consumer) has caused too many exchanges of \"\(key.token)\"")
    }

    /// A caller who named no promise gets what is held and valid rather than a refusal.
    private mutating func softened(_ refusal: Refusal, _ query: AuthorisedQuery, at now: Moment) -> Answer {
        guard query.promise == .usual, let held = entries[query.key]?.held, held.lasts(1, at: now.boot), held.suits(query.fit)
        else { return .refused(refusal) }
        markServed(query, at: now)
        return .token(held)
    }

    /// Puts the waiter on the entry and gets an exchange under way.
    mutating func join(_ query: AuthorisedQuery, _ waiter: Waiter, _ cause: Cause, at now: Moment, _ turn: inout Turn) {
        let key = query.key
        open(query, at: now)
        entries[key]?.lastAsked = now.boot
        entries[key]?.isAsked = true
        press(key, query.promise)
        if query.wait > 0 { waiters.add(waiter) }
        enqueueExchange(key, cause, for: query.share, at: now, &turn)
        if query.wait == 0 { turn.answers.append((waiter.id, softened(.timedOut(query.wait), query, at: now))) }
        reschedule(key, at: now.boot)
    }

    /// The asker has gone: nothing waits for it any more, and what is under way goes on.
    package mutating func withdraw(waiter id: UInt64) {
        if waiters.remove(id) == nil { _ = logins.forget(waiter: id) }
    }

    /// Adds a watcher: it counts as use, and hears of every token and trouble from now on. The present token is its first row.
    /// A refusal that only the asker can mend (its budget, a promise that no token keeps) comes back, and nothing is watched.
    package mutating func watch(_ query: AuthorisedQuery, watcher id: UInt64, at now: Moment) -> Result<Turn, Refusal> {
        var turn = Turn()
        let held = ready(query, at: now)?.held
        let patient = Waiter(id: id, key: query.key, share: query.share, deadline: .max, promise: query.promise, fit: query.fit, patience: .ready)
        let refusal = held == nil ? obstacle(query, patient, at: now) : nil
        if let refusal, isAskersOwn(refusal, query) { return .failure(refusal) }
        if let refusal = admitMember(query.key, of: query.share, at: now) { return .failure(refusal) }
        open(query, at: now)
        watchers.add(Watcher(id: id, fit: query.fit), of: query.key)
        entries[query.key]?.isAsked = true
        if let held {
            press(query.key, query.promise)
            turn.rows.append((id, .token(held)))
        } else if let refusal {
            turn.rows.append((id, .trouble(TokenState(of: refusal) ?? .unavailable, reason: refusal.text)))
        } else {
            press(query.key, query.promise)
            want(query.key, .asked, for: query.share, at: now, &turn)
        }
        reschedule(query.key, at: now.boot)
        return .success(turn)
    }

    private func isAskersOwn(_ refusal: Refusal, _ query: AuthorisedQuery) -> Bool {
        refusal.code == .busy || refusal.code == .stopping || unreachablePromise(query, entries[query.key]) == refusal
    }

    package mutating func unwatch(_ key: CacheKey, watcher id: UInt64, at now: Moment) {
        watchers.remove(id, of: key)
        if let entry = entries[key], !isWatched(key), entry.wantedAnew == .asked { entries[key]?.wantedAnew = nil }
        if isForgettable(key, at: now.boot) { close(key) }
    }

    /// Nanoseconds the token must still live to be handed over.
    func promise(_ promise: Promise, _ held: HeldToken, _ token: TokenName) -> Int64 {
        promise == .usual ? held.defaultPromise(configured: configuration.tokens[token]?.minValid) : promise.least(held)
    }

    private mutating func markServed(_ query: AuthorisedQuery, at now: Moment) {
        let key = query.key
        if entries[key]?.isAsked == false { reviewKeeping(of: key) }
        let isNews = entries[key]?.isAsked == false || query.promise.seconds != nil
        entries[key]?.isAsked = true
        entries[key]?.lastAsked = now.boot
        press(key, query.promise)
        if isNews { reschedule(key, at: now.boot) }
        noteServed(key)
    }

    /// Which variant a consumer was last given decides what REJECT without an id means.
    func consumerKey(_ key: CacheKey) -> ConsumerKey { ConsumerKey(token: key.token, consumer: key.consumer) }

    mutating func noteServed(_ key: CacheKey) {
        let consumer = consumerKey(key)
        guard consumers[consumer]?.lastServed != key else { return }
        if let before = consumers[consumer]?.lastServed { outdateReplies(of: before) }
        consumers[consumer]?.serve(key)
    }

    private mutating func press(_ key: CacheKey, _ promise: Promise) {
        guard let minValid = promise.seconds else { return }
        entries[key]?.press(.seconds(minValid))
    }

    /// Makes the entry for a caller, who is remembered where it is a variant of a shared token.
    private mutating func open(_ query: AuthorisedQuery, at now: Moment) {
        if entries[query.key] == nil, query.key.consumer == .shared { payers[query.key] = payer(of: query) }
        open(query.key, at: now)
    }

    /// Makes the entry, and its place among the consumer's variants, if there is none yet.
    mutating func open(_ key: CacheKey, at now: Moment) {
        latest = now.boot
        guard entries[key] == nil else { return }
        entries[key] = Entry()
        credentials[key.token, default: Credential()].entries.append(key)
        consumers[consumerKey(key), default: ConsumerState(budget: Budget(at: now.boot))].open(key)
    }

    /// Forgets the least recently used idle variant when a consumer has all it may have.
    private mutating func makeRoom(for key: CacheKey, of payer: Consumer) -> Bool {
        let variants = consumers[consumerKey(key)]?.variants.filter { key.consumer != .shared || payers[$0] == payer } ?? []
        guard variants.count >= Self.variantsPerConsumer else { return true }
        let idle = variants.filter { isIdle($0) }
        guard let oldest = idle.min(by: { (entries[$0]?.lastAsked ?? 0) < (entries[$1]?.lastAsked ?? 0) }) else { return false }
        close(oldest)
        return true
    }

    /// Forgets an entry altogether; its consumer's budget stays until it is full again.
    mutating func close(_ key: CacheKey) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        payers[key] = nil
        outdateReplies(of: key)
        if entry.held != nil { reviewKeeping(of: key) }
        _ = waiters.take(for: key)
        watchers.removeAll(of: key)
        exchanges.forget(key)
        schedule.set(key, at: nil)
        credentials[key.token]?.entries.removeAll { $0 == key }
        let consumer = consumerKey(key)
        consumers[consumer]?.close(key)
        if consumers[consumer]?.variants.isEmpty ?? true { forget(member: consumer) }
        forgetConsumers()
    }

    /// A consumer without any variant is remembered only for the budget it has spent; not for ever.
    private mutating func forgetConsumers() {
        guard consumers.count > 2 * entries.count + 64 else { return }
        consumers = consumers.filter { !$0.value.variants.isEmpty || !$0.value.budget.isFull(at: latest, lifetime: 0) }
    }
}

/// A held token that may be handed out now. The same answer may be repeated until `until` (CLOCK_BOOTTIME), or until the ledger says that it is outdated.
package struct Ready: Sendable {
    package var held: HeldToken
    package var until: Int64
    package var key: CacheKey
}

extension HeldToken {
    /// Whether the server granted nothing beyond the rule's own scopes, and everything the caller asked for by name.
    func suits(_ fit: Fit) -> Bool { beyond(fit, atMost: 1).isEmpty && fit.demanded.firstElement(notIn: scopes) == nil }

    /// `offline_access` is about the refresh token: it lets nobody do anything with this one.
    fileprivate func beyond(_ fit: Fit, atMost most: Int) -> [String] {
        fit.bound.map { scopes.elements(notIn: $0 + [TokenSettings.offline], atMost: most) } ?? []
    }
}

extension Refusal {
    package static let stopping = Refusal(.stopping, [], "the daemon is shutting down")

    /// Why a held token is not for this caller.
    static func unsuitable(_ held: HeldToken, _ fit: Fit) -> Refusal {
        let beyond = held.beyond(fit, atMost: mostNamed + 1)
        guard beyond.isEmpty else {
            return Refusal(.refused, [Field("reason", "wider-than-rule")], "the server granted \(named(beyond)) beyond what the rule allows")
        }
        let missing = named(fit.demanded.elements(notIn: held.scopes, atMost: mostNamed + 1))
        return Refusal(.refused, [Field("reason", "missing-scope")], "the token that is held has no scope \(missing)")
    }

    /// Scopes for a text, a few of them by name.
    static func named(_ scopes: [String]) -> String {
        let names = scopes.prefix(mostNamed).map(quoted).joined(separator: ", ")
        return scopes.count > mostNamed ? names + " and others" : names
    }
    private static let mostNamed = 5

    /// The exchange took longer than the token lives, or than half of that where half is promised.
    package static var spentOnArrival: Refusal {
        Refusal(.unavailable, [Field("retry-after", 1)], "the server's token had too little of its life left when it arrived")
    }

    static func shortLived(_ lifetime: Int64, _ minValid: Int) -> Refusal {
        Refusal(
            .refused, [Field("reason", "short-lived")],
            "the server's tokens live \(lifetime / .seconds(1)) s; min-valid=\(minValid) can never be met")
    }

    static func timedOut(_ wait: Int) -> Refusal {
        Refusal(.timeout, [], wait == 0 ? "an exchange is under way, and wait=0 waits for no outcome" : "no token within \(wait) s; the exchange goes on")
    }
}

/// Nanoseconds as whole seconds, rounded up, at least 1.
func wholeSeconds(_ nanoseconds: Int64) -> Int64 { max(1, (nanoseconds + 999_999_999) / 1_000_000_000) }
