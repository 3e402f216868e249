internal import OAuth
internal import TokenWire

/// How an exchange gets from "wanted" to "under way": through its server's queue, at most so many at once.
extension Ledger {
    /// Wants another token than the held one, and goes on wanting it until one comes: for WATCH, REJECT and RENEW.
    mutating func want(_ key: CacheKey, _ cause: Cause, for share: Share, at now: Moment, _ turn: inout Turn) {
        cache.want(key, cause)
        enqueueExchange(key, cause, for: share, at: now, &turn)
    }

    /// Gets an exchange for an entry under way. Nothing happens when one is under way, and nothing before a failure has cooled. One that waits also
    /// gets the turns of whoever asks now.
    /// - Parameter share: of who asks; `nil` on the daemon's own account.
    mutating func enqueueExchange(_ key: CacheKey, _ cause: Cause, for share: Share? = nil, at now: Moment, _ turn: inout Turn) {
        guard !isStopping, isExchanged(key), cache.contains(key), reasonUnavailable(key.token) == nil, nextTry(key, at: now.boot) == nil,
            let server = server(of: key)
        else { return }
        switch exchanges.progress(of: key) {
        case .underWay: return
        case .queued where exchanges.awaitsRefreshToken(key):
            if let share { exchanges.addTurn(key, for: share) }
            return
        case .queued: break
        case .none:
            exchanges.enqueue(key, cause, at: server)
            for waiter in waiters.all(for: key) { exchanges.addTurn(key, for: waiter.share) }
            let end = cache.held(key)?.until
            if share == nil || end != nil || isKept(key) {
                exchanges.addTurn(key, renewalFor: policy.share(of: key.consumer, for: key.token), before: end ?? now.boot)
            }
        }
        if let share { exchanges.addTurn(key, for: share) }
        if let end = refreshTokenEnd(key.token, cause, at: now) { exchanges.addTurn(key, savingSignInBefore: end) }
        startQueued(server, at: now, &turn)
    }

    /// Starts what a server has room for.
    private mutating func startQueued(_ server: ServerRoute, at now: Moment, _ turn: inout Turn) {
        while !isStopping, let key = exchanges.next(at: server, boot: now.boot) {
            if let refusal = reasonNotToBegin(key, at: now.boot) {
                // what was wanted when it was queued is refused by now
                exchanges.dequeue(key)
                dismissWaiters(of: key, refusal, at: now, &turn)
                reschedule(key, at: now.boot)
                passOn(key.token, at: now, &turn)
            } else if isRefreshTokenBusy(key.token) {
                // one refresh token, one exchange: the next one reads what this one brings
                let shares = waiters.all(for: key).map(\.share)
                exchanges.waitForRefreshToken(key, for: shares.isEmpty ? [policy.share(of: key.consumer, for: key.token)] : shares)
            } else if nextTry(key, at: now.boot) == nil {
                begin(key, at: now, &turn)
            } else {
                putOff(key, at: now, &turn)
                passOn(key.token, at: now, &turn)
            }
        }
    }

    /// An entry has left its server's queue without an exchange. The next one that waits for the same refresh token takes its place.
    mutating func passOn(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        if !isRefreshTokenBusy(token) { resumeQueue(of: token, at: now, &turn) }
    }

    /// What waited in its queue while its credential failed waits for the next try; its callers as far as they can.
    mutating func putOff(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        exchanges.dequeue(key)
        if let next = nextTry(key, at: now.boot) { dismissImpatient(key, unavailable(key, until: next, at: now), at: now, &turn) }
        reschedule(key, at: now.boot)
    }

    /// Room with one server may be room for all: the bound over all servers was the one that held.
    mutating func startAllQueued(at now: Moment, _ turn: inout Turn) {
        for server in exchanges.serversInTurn() { startQueued(server, at: now, &turn) }
    }

    private mutating func begin(_ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        let id = makeID()
        guard let settings = configuration.tokens[key.token], let application = application(of: key.token),
            let exchange = exchanges.begin(id, key, generation: failures.generation(of: key.token), at: now.boot)
        else { return }
        switch settings.grant {
        case .clientCredentials:
            let audience = key.audience.map { Audience(parameter: settings.audienceParameter, value: $0) }
            turn.plans.append(
                ExchangePlan(
                    id: id, token: key.token, application: application, grant: .clientCredentials(scopes: key.scopes, audience: audience),
                    timeout: application.server.timeout, cause: exchange.cause, scopes: key.scopes))
        case .authorizationCode: beginRotation(id, key.token, at: now, &turn)
        // `enqueueExchange` lets none of them come here
        case .reference: break
        }
    }

    /// Whether what is cached under this key comes from exchanges at all.
    func isExchanged(_ key: CacheKey) -> Bool { configuration.tokens[key.token]?.grant.kind != .reference }

    /// Why nobody gets an exchange of this entry now, and waiting for the next one is not worth their time.
    func reasonNotToBegin(_ key: CacheKey, at boot: Int64) -> Refusal? {
        if let refusal = finalRefusal(key.token, at: boot) { return refusal }
        if let trouble = cache.trouble(of: key), trouble.isFinal(at: boot) { return trouble.refusal }
        return nil
    }

    func application(of token: TokenName) -> Application? { configuration.applications[String(token.application)] }

    /// Nanoseconds that one exchange may take.
    func patience(for token: TokenName) -> Int64 { .seconds(application(of: token)?.server.timeout ?? ServerSettings.defaultTimeout) }

    func server(of key: CacheKey) -> ServerRoute? { application(of: key.token).map { ServerRoute($0.server) } }

    /// Why no exchange for this token is made before somebody does something, or before the next try of what is refused.
    func finalRefusal(_ token: TokenName, at boot: Int64) -> Refusal? {
        if let trouble = failures[token]?.refusal, trouble.isFinal(at: boot) { return trouble.refusal }
        return reasonUnavailable(token)
    }

    func isRefused(_ key: CacheKey, at boot: Int64) -> Bool { reasonNotToBegin(key, at: boot) != nil }

    /// Why the server or this client of it is left alone; both may be.
    private func coolings(of token: TokenName) -> [ServerQueue.Cooling] {
        application(of: token).map { exchanges.coolings(at: ServerRoute($0.server), client: $0.client.id) } ?? []
    }

    /// CLOCK_BOOTTIME of the next try, while the credential, its client or its server is left alone after a failure, or the last exchange is too recent.
    func nextTry(_ key: CacheKey, at boot: Int64) -> Int64? {
        let next = max(pauseEnd(key), exchanges.spacingEnd(key))
        return next > boot ? next : nil
    }

    /// CLOCK_BOOTTIME until which the credential, its client or its server is left alone after a failure; in the past where none is.
    func pauseEnd(_ key: CacheKey) -> Int64 {
        var end = max(grants[key.token]?.notBefore ?? 0, cache.trouble(of: key)?.retry ?? 0)
        if let row = failures[key.token] { end = max(end, row.refusal?.retry ?? 0, row.backoff.until) }
        for cooling in coolings(of: key.token) { end = max(end, cooling.backoff.until) }
        return end
    }

    /// CLOCK_BOOTTIME of the next try while there is trouble: a failure, or a disk that is waited for. That two exchanges are a second apart is none.
    func nextChance(_ key: CacheKey, at boot: Int64) -> Int64? {
        let end = pauseEnd(key)
        if end > boot { return end }
        return reasonNotToSpend(key.token) == nil ? nil : boot + Self.lateRetry
    }

    /// What a caller is told while nothing is tried.
    func unavailable(_ key: CacheKey, until next: Int64, at now: Moment) -> Refusal {
        let pause = wholeSeconds(next - now.boot)
        if let fault = reasonNotToSpend(key.token) { return .store(fault, retryAfter: pause) }
        // a person is asked for, or what came is of no use: that stays told while it is tried on
        if var told = grants[key.token]?.advice ?? cache.trouble(of: key)?.refusal, told.code == .refused || told.code == .loginRequired {
            told.fields = told.fields.filter { $0.key != "retry-after" } + [Field("retry-after", pause)]
            return told
        }
        return Refusal(.unavailable, [Field("retry-after", pause)], reasonToWait(key, at: now.boot))
    }

    private func reasonToWait(_ key: CacheKey, at boot: Int64) -> String {
        if let failure = failures[key.token]?.failure { return failure.text }
        if let cooling = coolings(of: key.token).last(where: { $0.backoff.isCooling(at: boot) }), let failure = cooling.failure {
            return failure.text + (cooling.token.map { ", to \"\($0)\"" } ?? "")
        }
        if grants[key.token]?.isStoreFailing == true { return "the store does not take what has to be kept" }
        return cache.held(key) == nil ? "the last exchange failed" : "its last exchange was a moment ago"
    }
}
