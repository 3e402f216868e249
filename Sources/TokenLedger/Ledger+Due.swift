internal import OAuth
internal import TokenWire

extension Ledger {
    /// What time alone brings: renewals, tries after a pause, tokens that end, callers whose patience is over.
    /// Level-triggered: calling it late, twice or too early does no harm. Of what is due at once, as at the end of an outage, a part is done, and the
    /// rest when it is called again, at once: others are heard between.
    package mutating func due(at now: Moment) -> Turn {
        var turn = Turn()
        for key in schedule.due(at: now.boot, atMost: Self.mostAtOnce) { attend(key, at: now, &turn) }
        for waiter in waiters.due(at: now.boot, atMost: Self.mostAtOnce) { timeOut(waiter, at: now, &turn) }
        for id in overdue.due(at: now.boot) { overrun(id, at: now, &turn) }
        for token in keepAlives.due(at: now.boot, atMost: Self.mostAtOnce) { keepAlive(token, at: now, &turn) }
        for token in warnings.due(at: now.boot, atMost: Self.mostAtOnce) { warn(token, at: now, &turn) }
        for token in looks.due(at: now.boot, atMost: Self.mostAtOnce) { look(at: token, at: now, &turn) }
        for revocation in attempts.due(at: now.boot, atMost: Self.mostAtOnce) { tryRevocation(revocation, at: now, &turn) }
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
            open(key, at: now)
            // a thousand people's tokens are not all fetched in the first second
            if token.grant.kind == .authorizationCode, entries[key]?.held == nil, exchanges.exchangeCount >= Self.exchangesAtStart {
                schedule.set(key, at: now.boot + Int64(Double(pace.catchUp) * jitter.fraction()))
                continue
            }
            if entries[key]?.held?.lasts(1, at: now.boot) != true { enqueueExchange(key, .start, at: now, &turn) }
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
        schedule = Deadlines()
        (keepAlives, warnings, looks) = (Deadlines(), Deadlines(), Deadlines())
        for id in (Array(unsynced.keys) + unsettled.keys).sorted() { writeAgain(id, at: nil, &turn) }
        endSignOuts(&turn)
        return turn
    }

    /// The wall clock was set: what clients are told of it is computed anew, and a server whose certificate was not valid at the
    /// old time is tried at once.
    package mutating func clockStepped(to now: Moment) -> Turn {
        for key in entries.keys {
            guard var held = entries[key]?.held else { continue }
            held.follow(now)
            setHeld(held, key)
            if held.isReference { reschedule(key, at: now.boot) }
        }
        outdated.isAll = true
        var turn = Turn()
        for token in holdings.keys {
            holdings[token]?.lastUsed?.follow(now)
            scheduleWarning(token, at: now)
            scheduleKeepAlive(token, at: now)
        }
        exchanges.retryServers { $0.isWorthATryAfterAStep }
        for token in credentials.keys where credentials[token]?.failure?.isWorthATryAfterAStep == true { credentials[token]?.backoff.retryNow() }
        for key in entries.keys where entries[key]?.trouble != nil { attend(key, at: now, &turn) }
        return turn
    }

    private mutating func attend(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        guard let entry = entries[key] else { return }
        let hasEnded = entry.held.map { !$0.lasts(1, at: now.boot) } ?? false
        if hasEnded { expire(key, at: now, &turn) }
        if wantsExchange(key, at: now.boot) { enqueueExchange(key, cause(of: key, hasEnded: hasEnded), at: now, &turn) }
        if isForgettable(key, at: now.boot) { close(key) } else { reschedule(key, at: now.boot) }
    }

    private mutating func expire(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        entries[key]?.held = nil
        outdateReplies(of: key)
        reviewKeeping(of: key)
        guard let trouble = entries[key]?.trouble else { return }
        turn.events.append(.ranOut(key, trouble.refusal))
        let state = state(of: key, at: now.boot).state
        tellWatchers(of: key, { _ in .trouble(state, reason: trouble.refusal.text) }, &turn)
    }

    private func cause(of key: CacheKey, hasEnded: Bool) -> Cause {
        guard let entry = entries[key] else { return .due }
        if entry.trouble != nil { return .retry }
        if let cause = entry.wantedAnew { return cause }
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
    func renewal(of held: HeldToken, _ key: CacheKey, _ entry: Entry) -> Int64 {
        if entry.isWantedAnew { return 0 }
        let life = held.lifetime
        if configuration.tokens[key.token]?.grant.kind == .authorizationCode {
            if let doubt = holdings[key.token]?.doubt { return doubt.isUrgent ? 0 : held.until - max(.seconds(120), life / 10) }
            let share = held.since + Int64(Double(life) * (0.70 + 0.10 * Double(entry.spread)))
            return min(share, held.until - min(entry.pressure, life / 2))
        }
        let margin = max(life / 100 * 8, min(.seconds(300), life / 4))
        let wished = min(max(margin, entry.pressure), life / 2)
        return held.until - wished - Int64(Double(margin) * 0.1 * Double(entry.spread))
    }

    /// Somebody uses it, watches it, waits for it, wants it anew, or it is kept.
    private func isInUse(_ key: CacheKey, _ entry: Entry) -> Bool {
        entry.isAsked || entry.isWantedAnew || isWatched(key) || isAwaited(key) || isKept(key)
    }

    func isKept(_ key: CacheKey) -> Bool {
        guard let settings = configuration.tokens[key.token], key.consumer == .shared else { return false }
        if case .authorizationCode(let signIn) = settings.grant, signIn.refreshDiesWithToken, holdings[key.token]?.refreshToken != nil {
            return key == settings.soleKey
        }
        return settings.keep == .always
    }

    private func wantsExchange(_ key: CacheKey, at boot: Int64) -> Bool {
        guard !isStopping, isExchanged(key), let entry = entries[key], exchanges.isIdle(key), !isRefused(key, at: boot) else { return false }
        guard let held = entry.held else { return entry.isWantedAnew || isWatched(key) || isAwaited(key) || isKept(key) }
        return isInUse(key, entry) && (renewal(of: held, key, entry) <= boot || isAwaited(key))
    }

    /// Nothing held, nothing under way, nobody interested, and no failure left to remember.
    func isForgettable(_ key: CacheKey, at boot: Int64) -> Bool {
        guard let entry = entries[key], entry.held == nil, exchanges.isIdle(key) else { return false }
        if isWatched(key) || isAwaited(key) || isKept(key) { return false }
        return nextTry(key, at: boot) == nil
    }

    /// Sets when an entry is looked at next. What is refused is, too: once an hour.
    mutating func reschedule(_ key: CacheKey, at boot: Int64) {
        guard !isStopping, let entry = entries[key] else { return schedule.set(key, at: nil) }
        schedule.set(key, at: nextLook(key, entry, at: boot))
    }

    /// Whether something is left to do for an entry that time alone brings.
    func needsSchedule(_ key: CacheKey, _ entry: Entry) -> Bool { nextLook(key, entry, at: latest) != nil }

    private func nextLook(_ key: CacheKey, _ entry: Entry, at boot: Int64) -> Int64? {
        guard isExchanged(key) else { return entry.held?.until }
        // an exchange is under way, or only a person can bring one about
        let waits = !exchanges.isIdle(key) || wantOfHolding(key.token) != nil
        guard let held = entry.held else { return waits ? nil : nextTry(key, at: boot) ?? boot }
        guard !waits, isInUse(key, entry) else { return held.until }
        if isAwaited(key) { return min(held.until, nextTry(key, at: boot) ?? boot) }
        return min(held.until, max(renewal(of: held, key, entry), nextTry(key, at: boot) ?? 0))
    }
}

extension ExchangeFailure {
    /// A clock that was set may have ended it.
    fileprivate var isWorthATryAfterAStep: Bool { law == .unsent || isAboutClocks }
}
