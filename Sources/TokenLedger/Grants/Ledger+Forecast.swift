internal import OAuth
internal import TokenWire

/// How long what a person or an operator brought in will last, and keeping it from dying of idleness.
extension Ledger {
    /// Seconds since the epoch: when a person has to sign in again, or a new reference token is needed, as far as anybody knows.
    func loginUntil(_ token: TokenName) -> Int64? {
        guard let settings = configuration.tokens[token] else { return nil }
        switch settings.grant {
        case .clientCredentials: return nil
        case .authorizationCode(let signIn): return reasonUnavailable(token) == nil ? forecast(token, signIn) : nil
        case .reference(let reference):
            guard let held = cache.held(settings.soleKey) else { return nil }
            if case .at(let end) = held.expires { return end }
            return toldEnd(token, reference)
        }
    }

    /// Being kept in use, a refresh token dies of its age alone. Where that is not known, its idle life is all there is to tell.
    private func forecast(_ token: TokenName, _ settings: SignInSettings) -> Int64? {
        guard let record = grants[token]?.record, record.kind == .refresh else { return nil }
        if let life = settings.refreshLifetime { return record.signedIn + Int64(life) }
        return idleLife(record, settings).map { (grants[token]?.lastUsed?.wall ?? record.rotated) + $0 }
    }

    /// Seconds.
    private func idleLife(_ record: StoredRecord, _ settings: SignInSettings) -> Int64? {
        settings.refreshIdle.map(Int64.init) ?? record.idleLifetime
    }

    // MARK: warnings

    /// Seconds ahead of the end, and the whole life they are ahead of: a warning a week ahead is of no use for what lives a day.
    private func warningTimes(_ settings: TokenSettings) -> [Int64] {
        switch settings.grant {
        case .clientCredentials: []
        case .authorizationCode: [7 * 86_400, 86_400, 3_600]
        case .reference: [30 * 86_400, 7 * 86_400, 86_400]
        }
    }

    /// When it is next time to warn: at once where a warning is due that nobody has heard since the daemon started.
    mutating func scheduleWarning(_ token: TokenName, at now: Moment) {
        guard !isStopping, let settings = configuration.tokens[token], let end = loginUntil(token) else { return grants.scheduleWarning(token, at: nil) }
        let times = warningTimes(settings)
        // where the end has moved away since, they are to be given once more
        let given = min(grants[token]?.warnings ?? 0, times.count { end - now.wall <= $0 })
        guard let next = times.dropFirst(given).first(where: { isWorthwhile($0, token, settings) }) else { return grants.scheduleWarning(token, at: nil) }
        grants.scheduleWarning(token, at: now.boot + .seconds(max(0, end - next - now.wall)))
    }

    private func isWorthwhile(_ ahead: Int64, _ token: TokenName, _ settings: TokenSettings) -> Bool {
        guard case .authorizationCode(let signIn) = settings.grant, let record = grants[token]?.record else { return true }
        return ahead < (signIn.refreshLifetime.map(Int64.init) ?? idleLife(record, signIn) ?? .max)
    }

    mutating func warn(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let settings = configuration.tokens[token], let end = loginUntil(token), end > now.wall else { return }
        let left = end - now.wall
        let passed = warningTimes(settings).count { left <= $0 }
        if passed > 0 { turn.events.append(.endsSoon(token, at: end, inSeconds: left)) }
        grants.noteWarnings(token, passed)
        scheduleWarning(token, at: now)
    }

    // MARK: keeping it alive

    /// Sets when the refresh token is used next though nobody asks for a token.
    mutating func scheduleKeepAlive(_ token: TokenName, at now: Moment) {
        guard !isStopping, let settings = configuration.tokens[token], case .authorizationCode(let signIn) = settings.grant,
            let holding = grants[token], let record = holding.record, holding.refreshToken != nil, reasonUnavailable(token) == nil
        else { return grants.scheduleKeepAlive(token, at: nil) }
        let interval = keepAliveInterval(record, signIn)
        let spread = jitter.fraction()
        let due = holding.lastUse(of: record, at: now) + interval - Int64(Double(interval) * 0.1 * spread)
        // what was due while the daemon was away is caught up with, but not all at once
        grants.scheduleKeepAlive(token, at: due > now.boot ? due : now.boot + Int64(Double(min(pace.catchUp, interval / 2)) * spread) + 1)
    }

    /// Nanoseconds within which the refresh token is used again; no more than half of its idle life.
    private func keepAliveInterval(_ record: StoredRecord, _ signIn: SignInSettings) -> Int64 {
        idleLife(record, signIn).map { min(pace.keepAlive, max(.seconds($0) / 2, .seconds(1))) } ?? pace.keepAlive
    }

    /// CLOCK_BOOTTIME at which the refresh token may end unless it is used before: with its access token, or of idleness. `nil` where that is far away.
    func refreshTokenEnd(_ token: TokenName, _ cause: Cause, at now: Moment) -> Int64? {
        guard case .authorizationCode(let signIn)? = configuration.tokens[token]?.grant, let holding = grants[token], let record = holding.record,
            holding.refreshToken != nil
        else { return nil }
        if signIn.refreshDiesWithToken { return cache.keys(of: token).compactMap { cache.held($0)?.until }.max() ?? now.boot }
        return cause == .idle ? holding.lastUse(of: record, at: now) + 2 * keepAliveInterval(record, signIn) : nil
    }

    mutating func keepAlive(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard !isStopping, reasonUnavailable(token) == nil, let settings = configuration.tokens[token] else { return }
        if grants.isRotating(token) { return grants.scheduleKeepAlive(token, at: now.boot + pace.catchUp) }
        let key = settings.soleKey
        if let next = nextTry(key, at: now.boot) { return grants.scheduleKeepAlive(token, at: next) }
        cache.open(key, at: now.boot)
        enqueueExchange(key, .idle, at: now, &turn)
        reschedule(key, at: now.boot)
        // the settlement sets the next one; this is for the case that it never comes to it
        grants.scheduleKeepAlive(token, at: now.boot + pace.catchUp)
    }
}
