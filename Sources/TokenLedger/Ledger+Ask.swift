package import TokenWire

extension Ledger {
    /// The held token that answers this query at once, if there is one. Marks it as in use.
    ///
    /// A caller that named no promise also gets one that is nearly over, as long as it lives at all and its renewal fails or hangs.
    package mutating func ready(_ query: AuthorisedQuery, at now: Moment) -> Ready? {
        guard let (key, token) = cache.find(query.key), let held = token.held, held.suits(query.fit) else { return nil }
        if token.isRejected, !exchanges.isIdle(key) { return nil }
        let promise = promise(query.promise, held, key.token)
        let isPromised = held.lasts(promise, at: now.boot)
        guard isPromised || (query.promise == .usual && held.lasts(1, at: now.boot) && isFailing(key, at: now.boot)) else { return nil }
        markServed(query, at: now)
        return Ready(held: held, until: isPromised ? held.until - promise : held.until, key: key)
    }

    /// Whether it is the held token, and one for whoever asks so.
    package func offers(_ held: HeldToken, to query: AuthorisedQuery) -> Bool { cache.held(query.key)?.id == held.id && held.suits(query.fit) }

    /// Which replies are outdated since this was last asked.
    package mutating func takeOutdated() -> OutdatedReplies { cache.takeOutdated() }

    /// Whether waiting for the renewal of a token that is still valid is not worth a caller's time.
    private func isFailing(_ key: CacheKey, at boot: Int64) -> Bool {
        if cache.trouble(of: key) != nil || finalRefusal(key.token, at: boot) != nil { return true }
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
        cache.removeIdleMember(query.key)
        return .tooManyWaiters
    }

    private func longestWait(_ query: AuthorisedQuery, _ patience: Waiter.Patience, at now: Moment) -> Int64 {
        let wait = Int64.seconds(query.wait)
        guard patience == .outcome, query.promise == .usual, let token = cache[query.key], !token.isRejected,
            let held = token.held, held.lasts(1, at: now.boot), held.suits(query.fit)
        else { return wait }
        return min(wait, Self.shortWait)
    }

    /// Why no exchange is worth waiting for: it cannot help, is not due, or is more than this consumer's share.
    private mutating func obstacle(_ query: AuthorisedQuery, _ waiter: Waiter, at now: Moment) -> Refusal? {
        if isStopping { return .stopping }
        let key = query.key
        if let refusal = reasonNotToBegin(key, at: now.boot) { return refusal }
        let token = cache[key]
        if let held = token?.held, held.lasts(0, at: now.boot), !held.suits(query.fit) { return .unsuitable(held, query.fit) }
        if let held = token?.held, held.isReference {
            guard held.lasts(1, at: now.boot) else { return .referenceEnded(key.token, isConfigured: isConfiguredValue(key.token)) }
            return .shortLived(held.until - now.boot, query.promise.seconds ?? 0)
        }
        if let refusal = unreachablePromise(query, token) { return refusal }
        if !exchanges.isIdle(key), !store.isUncertain(key.token) { return nil }
        if let next = nextChance(key, at: now.boot) {
            return next <= waiter.deadline ? nil : unavailable(key, until: next, at: now)
        }
        if let next = nextTry(key, at: now.boot), next > waiter.deadline { return unavailable(key, until: next, at: now) }
        return overBudget(query, token, at: now)
    }

    /// A promise that no token of this server can keep, as far as its last one told.
    private func unreachablePromise(_ query: AuthorisedQuery, _ token: CachedToken?) -> Refusal? {
        guard let minValid = query.promise.seconds, let lifetime = token?.knownLifetime, .seconds(minValid) > lifetime else { return nil }
        return .shortLived(lifetime, minValid)
    }

    /// What a consumer may cause beyond its one token is bounded: an early renewal, another variant. To fetch when it has
    /// nothing else of this name costs nothing of it.
    private mutating func overBudget(_ query: AuthorisedQuery, _ token: CachedToken?, at now: Moment) -> Refusal? {
        let payer = payer(of: query)
        if token == nil, !makeRoom(for: query.key, of: payer) {
            return Refusal(.busy, [Field("retry-after", 60)], "\(payer) holds \(TokenCache.variantsPerConsumer) variants of \"\(query.key.token)\" already")
        }
        guard hasAny(query.key, at: now.boot) else { return nil }
        return spend(ConsumerKey(token: query.key.token, consumer: payer), lifetime: token?.knownLifetime ?? 0, at: now)
    }

    /// Whether the consumer holds any variant, has one under way, or was refused one for good.
    private func hasAny(_ key: CacheKey, at boot: Int64) -> Bool {
        cache.variants(of: key).contains {
            !exchanges.isIdle($0) || cache.trouble(of: $0)?.isFinal(at: boot) == true || cache.held($0)?.lasts(1, at: boot) == true
        }
    }

    /// Whose budget an exchange is taken from, and whose variant of a shared token it is. Where all share one token, each caller has its own; all
    /// uids of a member of a group have one.
    func payer(of query: AuthorisedQuery) -> Consumer {
        if case .group = query.share.entry { return query.share.holder }
        return query.key.consumer == .shared ? query.share.holder : query.key.consumer
    }

    /// Takes one exchange from the consumer's budget, or says when there is one again.
    mutating func spend(_ key: ConsumerKey, lifetime: Int64, at now: Moment) -> Refusal? {
        guard let pause = cache.spend(key, lifetime: lifetime, at: now.boot) else { return nil }
        return Refusal(.busy, [Field("retry-after", wholeSeconds(pause))], "\(key.consumer) has caused too many exchanges of \"\(key.token)\"")
    }

    /// A caller who named no promise gets what is held and valid rather than a refusal.
    private mutating func softened(_ refusal: Refusal, _ query: AuthorisedQuery, at now: Moment) -> Answer {
        guard query.promise == .usual, let held = cache.held(query.key), held.lasts(1, at: now.boot), held.suits(query.fit)
        else { return .refused(refusal) }
        markServed(query, at: now)
        return .token(held)
    }

    /// Puts the waiter on the entry and gets an exchange under way.
    mutating func join(_ query: AuthorisedQuery, _ waiter: Waiter, _ cause: Cause, at now: Moment, _ turn: inout Turn) {
        let key = query.key
        cache.open(key, for: payer(of: query), at: now.boot)
        cache.noteAsked(key, validity: query.promise.seconds, at: now.boot)
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
        cache.open(query.key, for: payer(of: query), at: now.boot)
        watchers.add(Watcher(id: id, fit: query.fit), of: query.key)
        cache.noteWatched(query.key, validity: refusal == nil ? query.promise.seconds : nil)
        if let held {
            turn.rows.append((id, .token(held)))
        } else if let refusal {
            turn.rows.append((id, .trouble(TokenState(of: refusal) ?? .unavailable, reason: refusal.text)))
        } else {
            want(query.key, .asked, for: query.share, at: now, &turn)
        }
        reschedule(query.key, at: now.boot)
        return .success(turn)
    }

    private func isAskersOwn(_ refusal: Refusal, _ query: AuthorisedQuery) -> Bool {
        refusal.code == .busy || refusal.code == .stopping || unreachablePromise(query, cache[query.key]) == refusal
    }

    package mutating func unwatch(_ key: CacheKey, watcher id: UInt64, at now: Moment) {
        watchers.remove(id, of: key)
        if !isWatched(key) { cache.stopWanting(key, .asked) }
        if isForgettable(key, at: now.boot) { close(key) }
    }

    /// Nanoseconds the token must still live to be handed over.
    func promise(_ promise: Promise, _ held: HeldToken, _ token: TokenName) -> Int64 {
        promise == .usual ? held.defaultPromise(configured: configuration.tokens[token]?.minValid) : promise.least(held)
    }

    private mutating func markServed(_ query: AuthorisedQuery, at now: Moment) {
        if cache.noteHandedOut(query.key, validity: query.promise.seconds, at: now.boot) { reschedule(query.key, at: now.boot) }
    }

    /// Takes in a member of a group who holds nothing of this token yet, or says why there is no room.
    mutating func admitMember(_ key: CacheKey, of share: Share, at now: Moment) -> Refusal? {
        let (isIn, idle) = cache.admitMember(key, of: share, perGroup: configuration.limits.membersPerGroup, at: now.boot, isIdle: isIdle)
        for key in idle { close(key) }
        if isIn { return nil }
        return Refusal(.busy, [Field("retry-after", 60)], "too many members of the group hold a token of their own of \"\(key.token)\"")
    }

    /// Forgets the least recently used idle variant when a consumer has all it may have.
    private mutating func makeRoom(for key: CacheKey, of payer: Consumer) -> Bool {
        switch cache.room(for: key, of: payer, isIdle: isIdle) {
        case .free: return true
        case .none: return false
        case .instead(let oldest):
            close(oldest)
            return true
        }
    }

    /// Whether nobody waits for what is cached under a key, or watches it, and no exchange is wanted for it.
    private var isIdle: (CacheKey) -> Bool {
        { [exchanges, waiters, watchers] in exchanges.isIdle($0) && waiters.isEmpty(for: $0) && watchers.isEmpty(of: $0) }
    }

    /// Forgets what is cached under a key, and who waits for it.
    mutating func close(_ key: CacheKey) {
        cache.close(key)
        disconnect(key)
    }

    /// Nobody waits for it, or watches it, and no exchange is wanted for it any longer.
    mutating func disconnect(_ key: CacheKey) {
        _ = waiters.take(for: key)
        watchers.removeAll(of: key)
        exchanges.forget(key)
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
