package import Secrets
internal import OAuth
package import TokenWire

/// What REJECT is told when no exchange is needed for it.
package enum RejectVerdict: Sendable {
    /// the rejected token is no longer the one that is served
    case newer
    /// it is, but not renewed so soon again; seconds
    case cooling(retryAfter: Int64)
    /// a renewal is under way; the answer for the waiter comes with it
    case renewing
    case refused(Refusal)
}

extension Ledger {
    /// A caller says that an API refused its token. `id` nil: the token last served to this consumer.
    package mutating func reject(_ query: AuthorisedQuery, id: Fingerprint?, waiter: UInt64, at now: Moment) -> (RejectVerdict, Turn) {
        var turn = Turn()
        guard let key = rejected(query, id), let held = cache.held(key), held.lasts(1, at: now.boot) else { return (.newer, turn) }
        if held.isReference {
            // there is no other one to be had
            turn.events.append(.referenceRejected(key.token, held.id))
            return (.cooling(retryAfter: 3_600), turn)
        }
        cache.disown(key)
        if exchanges.isIdle(key), let verdict = reasonNotToRenew(key, held, payer(of: query), at: now) { return (verdict, turn) }
        guard query.wait == 0 || claimPlace(for: waiter, of: query.share, at: now, &turn) else { return (.refused(.tooManyWaiters), turn) }
        cache.reject(key)
        grants.hurry(key.token)
        want(key, .rejected, for: query.share, at: now, &turn)
        if query.wait == 0 {
            turn.answers.append((waiter, .refused(.timedOut(0))))
        } else {
            waiters.add(.forRenewal(waiter, key, of: query.share, wait: query.wait, at: now))
        }
        reschedule(key, at: now.boot)
        return (.renewing, turn)
    }

    private func rejected(_ query: AuthorisedQuery, _ id: Fingerprint?) -> CacheKey? {
        guard let id else { return cache.lastServed(toConsumerOf: query.key) }
        return cache.variants(of: query.key).first { cache.held($0)?.id == id }
    }

    /// ERR-08: once, and only a token that had time to prove itself.
    private mutating func reasonNotToRenew(_ key: CacheKey, _ held: HeldToken, _ payer: Consumer, at now: Moment) -> RejectVerdict? {
        let age = now.boot - held.since
        if age < .seconds(30) { return .cooling(retryAfter: wholeSeconds(.seconds(30) - age)) }
        if let refusal = reasonNotToBegin(key, at: now.boot) { return .refused(refusal) }
        if let next = nextTry(key, at: now.boot) { return .cooling(retryAfter: wholeSeconds(next - now.boot)) }
        guard let busy = spend(ConsumerKey(token: key.token, consumer: payer), lifetime: held.lifetime, at: now) else { return nil }
        let pause = busy.fields.first { $0.key == "retry-after" }.flatMap { Int64($0.value) }
        return .cooling(retryAfter: pause ?? 60)
    }

    /// An administrator wants everything of this token anew: forgets what was refused or is cooling, and renews every entry. A reference token
    /// is looked at instead, where the configuration says how.
    /// Gives the waiters' keys in order; none when nothing is held and nothing failed. Refused where only a person can help, while a sign-in is
    /// not on the disk for certain, and within five seconds of the last one, or of a failure.
    /// It takes one place among those who wait, however many entries there are.
    /// - Parameter isReplaced: the secrets of the token were read anew and are others than before.
    package mutating func renew(
        _ token: TokenName, of share: Share, isReplaced: Bool = false, waiters makeWaiter: () -> UInt64, wait: Int, at now: Moment
    ) -> (Result<[(UInt64, CacheKey)], Refusal>, Turn) {
        var turn = Turn()
        let floor = Int64.seconds(5)
        if let last = failures[token]?.lastTrouble, now.boot - last < floor {
            let pause = wholeSeconds(floor - (now.boot - last))
            return (.failure(Refusal(.busy, [Field("retry-after", pause)], "\"\(token)\" was tried a moment ago")), turn)
        }
        if store.isUncertain(token) {
            // nothing is sent before it is known which sign-in is in force
            let pause = wholeSeconds((grants[token]?.notBefore ?? 0) - now.boot)
            return (.failure(.store(.notReplaced(token), retryAfter: pause)), turn)
        }
        let hasFailed = isReplaced || failures[token]?.refusal != nil || failures[token]?.failure != nil
        forgive(token)
        if let refusal = finalRefusal(token, at: now.boot) { return (.failure(refusal), turn) }
        cache.outdateAllReplies()
        failures.noteRenewal(of: token, at: now.boot)
        let first = makeWaiter()
        if let settings = configuration.tokens[token], settings.grant.kind == .reference {
            guard claimPlace(for: first, of: share, at: now, &turn) else { return (.failure(.tooManyWaiters), turn) }
            review(settings, isReplaced: isReplaced, first, of: share, wait: wait, at: now, &turn)
            return (.success([(first, settings.soleKey)]), turn)
        }
        // also its server is tried, however it failed before
        if let application = application(of: token) {
            exchanges.forgive(ServerRoute(application.server), client: application.client.id)
        }
        var started: [(UInt64, CacheKey)] = []
        if consumers(of: token).isEmpty, let key = keyToTry(token, hasFailed: hasFailed) { cache.open(key, at: now.boot) }
        guard consumers(of: token).isEmpty || claimPlace(for: first, of: share, at: now, &turn) else { return (.failure(.tooManyWaiters), turn) }
        for key in consumers(of: token) {
            want(key, .administrator, for: share, at: now, &turn)
            let id = started.isEmpty ? first : makeWaiter()
            waiters.add(.forRenewal(id, key, of: share, wait: wait, at: now))
            started.append((id, key))
            reschedule(key, at: now.boot)
        }
        return (.success(started), turn)
    }

    /// What is worth trying where nothing is held: whether a refresh token is good, or what was refused before works now.
    private func keyToTry(_ token: TokenName, hasFailed: Bool) -> CacheKey? {
        switch configuration.tokens[token]?.grant {
        case .authorizationCode?: configuration.tokens[token]?.soleKey
        case .clientCredentials?: hasFailed ? policy.inquiry(token.description)?.key : nil
        case .reference?, nil: nil
        }
    }

    /// RENEW of a reference token, which is looked at.
    private mutating func review(
        _ settings: TokenSettings, isReplaced: Bool, _ id: UInt64, of share: Share, wait: Int, at now: Moment, _ turn: inout Turn
    ) {
        let (token, key) = (settings.name, settings.soleKey)
        if case .reference(let reference) = settings.grant, reference.probe == nil {
            waiters.remove(id)
            if isReplaced, let held = cache.held(key) { return turn.answers.append((id, .token(held))) }
            return turn.answers.append((id, .refused(.notLookedAt(token))))
        }
        waiters.add(.forRenewal(id, key, of: share, wait: wait, at: now))
        look(at: token, at: now, &turn)
    }

    /// Ends refusal and cooling of a credential.
    private mutating func forgive(_ token: TokenName) {
        failures.forgive(token)
        for key in cache.keys(of: token) { cache.endTrouble(of: key) }
        grants.forgive(token)
    }

    /// Takes in a new configuration. What did not change goes on as it was; a token whose own settings changed starts anew, with what is
    /// held of it where a restart would go on with that.
    /// Returns the waiters and watchers whose entries are gone: they have to be asked again, if they still may.
    package mutating func adopt(_ next: Configuration, at now: Moment) -> (orphans: [UInt64], turn: Turn) {
        let changed = configuration.tokens.keys.filter { !configuration.means(the: $0, same: next) }
        var orphans: [UInt64] = []
        var kept: [KeptToken] = []
        for token in changed {
            for key in cache.keys(of: token) {
                orphans += waiters.all(for: key).map(\.id) + watchers.all(of: key).map(\.id)
                if let item = keeping(of: key) { kept.append(item) }
                disconnect(key)
            }
            cache.closeAll(of: token)
            failures.beginAnew(token)
            grants.forgive(token)
        }
        for (name, application) in next.applications where application.server != configuration.applications[name]?.server {
            exchanges.adopt(ServerRoute(application.server), insteadOf: configuration.applications[name].map { ServerRoute($0.server) })
        }
        replaceConfiguration(next)
        forgetUnconfigured()
        cache.adjustMembers(perGroup: next.limits.membersPerGroup)
        cache.outdateAllReplies()
        _ = resume(kept, at: now)
        hastenRevocations(at: now)
        return (orphans, start(at: now))
    }
}

extension Refusal {
    fileprivate static func notLookedAt(_ token: TokenName) -> Refusal {
        Refusal(
            .refused, [Field("reason", "reference")],
            "a reference token is not renewed, and no probe looks whether \"\(token)\" is good; have it reissued, or give it a probe")
    }
}

extension Waiter {
    fileprivate static func forRenewal(_ id: UInt64, _ key: CacheKey, of share: Share, wait: Int, at now: Moment) -> Waiter {
        Waiter(id: id, key: key, share: share, deadline: now.boot + .seconds(wait), promise: .usual, fit: Fit(), patience: .renewal)
    }
}

extension Configuration {
    /// Whether a token is exchanged in the same way in both: who may have it may differ.
    func means(the token: TokenName, same other: Configuration) -> Bool {
        guard var mine = tokens[token], var theirs = other.tokens[token] else { return false }
        (mine.allow, theirs.allow) = ([], [])
        let application = String(token.application)
        return mine == theirs && applications[application] == other.applications[application]
    }
}
