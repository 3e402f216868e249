internal import OAuth
internal import TokenWire

extension Ledger {
    /// What time alone brings: renewals, tries after a pause, tokens that end, callers whose patience is over.
    /// Level-triggered: calling it late, twice or too early does no harm. Of what is due at once, as at the end of an outage, a part is done, and the
    /// rest when it is called again, at once: others are heard between.
    package mutating func due(at now: Moment) -> Turn {
        var turn = Turn()
        for key in cache.due(at: now.boot, atMost: Self.mostAtOnce) { attend(key, at: now, &turn) }
        for waiter in waiters.due(at: now.boot, atMost: Self.mostAtOnce) { timeOut(waiter, at: now, &turn) }
        for id in store.due(at: now.boot) { overrun(id, at: now, &turn) }
        for token in grants.dueKeepAlives(at: now.boot, atMost: Self.mostAtOnce) { keepAlive(token, at: now, &turn) }
        for token in grants.dueWarnings(at: now.boot, atMost: Self.mostAtOnce) { warn(token, at: now, &turn) }
        for token in references.due(at: now.boot, atMost: Self.mostAtOnce) { look(at: token, at: now, &turn) }
        for revocation in revocations.due(at: now.boot, atMost: Self.mostAtOnce) { tryRevocation(revocation, at: now, &turn) }
        expireLogins(at: now, &turn)
        startAllQueued(at: now, &turn)
        return turn
    }

    private static let mostAtOnce = 256

    /// Begins what is kept without being asked for.
    package mutating func start(at now: Moment) -> Turn {
        var turn = Turn()
        for token in configuration.tokens.values where token.grant != .clientCredentials { settleIn(token.name, at: now, &turn) }
        endProbes(&turn)
        reviewUnconfigured(&turn)
        for token in configuration.tokens.values where token.keep == .always || token.diesWithAccess {
            let key = token.soleKey
            cache.open(key, at: now.boot)
            // a thousand people's tokens are not all fetched in the first second
            if token.grant.kind == .authorizationCode, cache.held(key) == nil, exchanges.exchangeCount >= Self.exchangesAtStart {
                cache.schedule(key, at: now.boot + Int64(Double(pace.catchUp) * jitter.fraction()))
                continue
            }
            if cache.held(key)?.lasts(1, at: now.boot) != true { enqueueExchange(key, .start, at: now, &turn) }
            reschedule(key, at: now.boot)
        }
        return turn
    }
    private static let exchangesAtStart = 8

    /// No new exchange begins, and no request waits any longer.
    package mutating func stop() -> Turn {
        var turn = Turn()
        isStopping = true
        for waiter in waiters.takeAll() { turn.answers.append((waiter.id, .refused(.stopping))) }
        for id in logins.stop() { turn.answers.append((id, .refused(.stopping))) }
        watchers.removeAll()
        cache.stopLooking()
        references.stopLooking()
        grants.stop()
        for id in store.unwritten { writeAgain(id, at: nil, &turn) }
        endSignOuts(&turn)
        return turn
    }

    /// The wall clock was set: what clients are told of it is computed anew, and a server whose certificate was not valid at the
    /// old time is tried at once.
    package mutating func clockStepped(to now: Moment) -> Turn {
        for key in cache.follow(now) { reschedule(key, at: now.boot) }
        var turn = Turn()
        grants.follow(now)
        for token in grants.tokens {
            scheduleWarning(token, at: now)
            scheduleKeepAlive(token, at: now)
        }
        exchanges.retryServers { $0.isWorthATryAfterAStep }
        failures.retryNow { $0.isWorthATryAfterAStep }
        for key in cache.keysInTrouble { attend(key, at: now, &turn) }
        return turn
    }

    private mutating func attend(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        guard let token = cache[key] else { return }
        let hasEnded = token.held.map { !$0.lasts(1, at: now.boot) } ?? false
        if hasEnded { expire(key, at: now, &turn) }
        if wantsExchange(key, at: now.boot) { enqueueExchange(key, cause(of: key, hasEnded: hasEnded), at: now, &turn) }
        if isForgettable(key, at: now.boot) { close(key) } else { reschedule(key, at: now.boot) }
    }

    private mutating func expire(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        cache.drop(key)
        guard let trouble = cache.trouble(of: key) else { return }
        turn.events.append(.ranOut(key, trouble.refusal))
        let state = state(of: key, at: now.boot).state
        tellWatchers(of: key, { _ in .trouble(state, reason: trouble.refusal.text) }, &turn)
    }

    private func cause(of key: CacheKey, hasEnded: Bool) -> Cause {
        if cache.trouble(of: key) != nil { return .retry }
        if let cause = cache[key]?.wantedAnew { return cause }
        if isAwaited(key) { return .asked }
        return hasEnded ? .expired : .due
    }

    // MARK: the schedule

    /// CLOCK_BOOTTIME at which a held token is renewed.
    ///
    /// Client credentials: when max(8 %, min(5 min, 25 %)) of the life is left, up to a tenth of that earlier at random. A caller's
    /// `min-valid` moves it forward, to half of the life at most.
    ///
    ///     3600 s: renewed with 300...330 s left    300 s: 75...82 s    4 s: 1.0...1.1 s
    ///
    /// Refresh grants: at 0.70 ... 0.80 of the life. While an earlier send is in doubt, when max(120 s, 10 %) is left. At once where it is
    /// wanted anew: then only what failed before puts it off.
    func renewal(of held: HeldToken, _ key: CacheKey, _ token: CachedToken) -> Int64 {
        if token.isWantedAnew { return 0 }
        let life = held.lifetime
        if configuration.tokens[key.token]?.grant.kind == .authorizationCode {
            if let doubt = grants[key.token]?.doubt { return doubt.isUrgent ? 0 : held.until - max(.seconds(120), life / 10) }
            let share = held.since + Int64(Double(life) * (0.70 + 0.10 * Double(token.spread)))
            return min(share, held.until - min(token.requestedValidity, life / 2))
        }
        let margin = max(life / 100 * 8, min(.seconds(300), life / 4))
        let wished = min(max(margin, token.requestedValidity), life / 2)
        return held.until - wished - Int64(Double(margin) * 0.1 * Double(token.spread))
    }

    /// Somebody uses it, watches it, waits for it, wants it anew, or it is kept.
    private func isInUse(_ key: CacheKey, _ token: CachedToken) -> Bool {
        token.isAsked || token.isWantedAnew || isWatched(key) || isAwaited(key) || isKept(key)
    }

    func isKept(_ key: CacheKey) -> Bool {
        guard let settings = configuration.tokens[key.token], key.consumer == .shared else { return false }
        if case .authorizationCode(let signIn) = settings.grant, signIn.refreshDiesWithToken, grants[key.token]?.refreshToken != nil {
            return key == settings.soleKey
        }
        return settings.keep == .always
    }

    private func wantsExchange(_ key: CacheKey, at boot: Int64) -> Bool {
        guard !isStopping, isExchanged(key), let token = cache[key], exchanges.isIdle(key), !isRefused(key, at: boot) else { return false }
        guard let held = token.held else { return token.isWantedAnew || isWatched(key) || isAwaited(key) || isKept(key) }
        return isInUse(key, token) && (renewal(of: held, key, token) <= boot || isAwaited(key))
    }

    /// Nothing held, nothing under way, nobody interested, and no failure left to remember.
    func isForgettable(_ key: CacheKey, at boot: Int64) -> Bool {
        guard let token = cache[key], token.held == nil, exchanges.isIdle(key) else { return false }
        if isWatched(key) || isAwaited(key) || isKept(key) { return false }
        return nextTry(key, at: boot) == nil
    }

    /// Sets when an entry is looked at next. What is refused is, too: once an hour.
    mutating func reschedule(_ key: CacheKey, at boot: Int64) {
        cache.schedule(key, at: isStopping ? nil : nextLook(key, at: boot))
    }

    /// `nil` where time alone brings nothing.
    func nextLook(_ key: CacheKey, at boot: Int64) -> Int64? {
        guard let token = cache[key] else { return nil }
        guard isExchanged(key) else { return token.held?.until }
        // an exchange is under way, or only a person can bring one about
        let waits = !exchanges.isIdle(key) || reasonUnavailable(key.token) != nil
        guard let held = token.held else { return waits ? nil : nextTry(key, at: boot) ?? boot }
        guard !waits, isInUse(key, token) else { return held.until }
        if isAwaited(key) { return min(held.until, nextTry(key, at: boot) ?? boot) }
        return min(held.until, max(renewal(of: held, key, token), nextTry(key, at: boot) ?? 0))
    }
}

extension ExchangeFailure {
    /// A clock that was set may have ended it.
    fileprivate var isWorthATryAfterAStep: Bool { law == .unsent || isAboutClocks }
}
