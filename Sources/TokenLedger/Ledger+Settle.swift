internal import OAuth
internal import TokenWire

extension Ledger {
    /// Takes in what came of a plan: publishes the token or the failure to everyone it concerns, and starts what waited.
    package mutating func settle(_ report: ExchangeReport, at now: Moment) -> Turn {
        var turn = Turn()
        var report = report
        if let token = exchanges[report.plan]?.key.token ?? logins.flights[report.plan]?.token, let settings = configuration.tokens[token] {
            report.outcome = report.outcome.map { $0.separatingScopes(asked: settings.scopes) }
        }
        guard grants.rotation(report.plan) == nil else {
            rotationAnswered(report.plan, report, at: now, &turn)
            return turn
        }
        guard let (exchange, isAwaited) = exchanges.end(report.plan) else {
            settleSignIn(report, at: now, &turn)
            return turn
        }
        if isAwaited, failures.generation(of: exchange.key.token) == exchange.generation { conclude(exchange, report, at: now, &turn) }
        startAllQueued(at: now, &turn)
        return turn
    }

    /// Takes in what the store says of a job.
    package mutating func stored(_ report: StoreReport, at now: Moment) -> Turn {
        var turn = Turn()
        guard let work = store.end(report.id) else { return turn }
        if let note = report.note { turn.events.append(.storeNote(work.job.name, note)) }
        if case .failure(let fault) = report.result, work.step.isReplacement, fault.mayBeThere || work.failures > 0 {
            replaceLater(work, fault, at: now, &turn)
        } else {
            conclude(work, report.result, at: now, &turn)
        }
        startAllQueued(at: now, &turn)
        return turn
    }

    mutating func conclude(_ work: StoreWork, _ result: Result<Void, StoreFault>, at now: Moment, _ turn: inout Turn) {
        switch (work.step, result) {
        case (.intent(let exchange, let token), .success): intentKept(exchange, token, at: now, &turn)
        case (.intent(let exchange, _), .failure(let fault)): intentFailed(exchange, fault, at: now, &turn)
        case (.successor(let exchange), .success): successorCommitted(exchange, at: now, &turn)
        case (.successor(let exchange), .failure(let fault)): successorFailed(exchange, fault, at: now, &turn)
        case (.remembered(let exchange), .success): successorRemembered(exchange, at: now, &turn)
        case (.remembered, .failure): break
        case (.late(let id), let result): lateStored(id, result, at: now, &turn)
        case (.tidy, _): break
        case (.revocation(let key), .success): revocations.noteWritten(key, true)
        case (.revocation(let key), .failure): revocations.noteWritten(key, false)
        case (.signIn(let login), let result): signInStored(login, result, at: now, &turn)
        case (.signOut(let waiter, let signOut), let result): signOutStored(waiter, signOut, result, isAnswered: work.failures > 0, at: now, &turn)
        case (.importing(let waiter, let record, let caller), let result):
            importStored(waiter, record, caller, result, isAnswered: work.failures > 0, at: now, &turn)
        }
    }

    /// - Parameter verdict: only a person can help now.
    mutating func conclude(_ exchange: Exchange, _ report: ExchangeReport, _ verdict: Refusal? = nil, at now: Moment, _ turn: inout Turn) {
        let key = exchange.key
        switch report.outcome {
        case .failure(let failure):
            fail(exchange, failure, report, verdict: verdict, at: now, &turn)
        case .success(let tokens):
            healServer(exchange)
            switch judge(tokens, key, report) {
            case .success(let held):
                publish(held, exchange, report, at: now, &turn)
            case .failure(let verdict): withhold(verdict, exchange, report, at: now, &turn)
            }
        }
        reschedule(key, at: now.boot)
    }

    // MARK: success

    /// Whether what the server gave is what was asked for and can be handed out at all.
    /// - Parameter unsaid: what is granted where the server does not say.
    func judge(_ tokens: IssuedTokens, _ key: CacheKey, _ report: ExchangeReport, unsaid: [String]? = nil) -> Result<HeldToken, Verdict> {
        let settings = configuration.tokens[key.token]
        let seconds = tokens.lifetime ?? Int64(settings?.assumeLifetime ?? TokenSettings.defaultAssumedLifetime)
        // the same list is not kept twice
        let granted = tokens.scopes.map { $0 == key.scopes ? key.scopes : $0 } ?? unsaid ?? unsaidScopes(key)
        let missing = TokenSettings.missing(of: key.scopes, in: granted)
        guard seconds > 0 else {
            return .failure(
                Verdict(reason: "short-lived", text: "the server gave a token that has already expired: its expires_in is 0 or less", isFinal: false))
        }
        guard missing.isEmpty else {
            return .failure(Verdict(reason: "missing-scope", text: "the server did not grant scope \(Refusal.named(missing))", isFinal: true))
        }
        guard let id = report.id else {
            return .failure(Verdict(reason: "no-fingerprint", text: "the token came without its fingerprint", isFinal: false))
        }
        // its life begins with the second in which it was asked for, so that it ends when its caller was told
        let since = report.sent.boot - report.sent.fraction
        return .success(
            HeldToken(
                token: tokens.accessToken, id: id, scopes: granted, header: settings?.header ?? .authorization,
                since: since, until: since + .seconds(seconds), ends: report.sent.boot + .seconds(seconds),
                expires: .at(report.sent.wall + seconds), isAssumed: tokens.lifetime == nil, isReference: false))
    }

    /// What is granted where the server does not say: what was asked for (TR-07), or, where a refresh asked for nothing, what was granted before.
    private func unsaidScopes(_ key: CacheKey) -> [String] {
        guard let settings = configuration.tokens[key.token], settings.grant.kind == .authorizationCode, key.scopes == settings.scopes,
            let record = grants[key.token]?.record, record.kind == .refresh, !record.scopes.isEmpty
        else { return key.scopes }
        return record.scopes
    }

    mutating func publish(_ held: HeldToken, _ exchange: Exchange, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        let key = exchange.key
        let previous = cache.held(key)?.id
        cache.publish(held, key, spread: Float(jitter.fraction()))
        heal(key.token, &turn)
        if failures.note(isShortLived: held.lifetime < Self.shortLife, of: key.token) {
            turn.events.append(.shortLived(key.token, seconds: held.lifetime / .seconds(1)))
        }
        turn.events.append(.renewed(key, held, previous: previous, cause: exchange.cause, took: report.took))
        tellWatchers(of: key, { row(held, for: $0) }, &turn)
        satisfyWaiters(of: key, at: now, &turn)
    }

    func row(_ held: HeldToken, for watcher: Watcher) -> WatchRow {
        held.suits(watcher.fit) ? .token(held) : .trouble(.refused, reason: Refusal.unsuitable(held, watcher.fit).text)
    }

    /// The server works, whatever its answer is worth.
    mutating func healServer(_ exchange: Exchange) {
        let client = application(of: exchange.key.token)?.client.id
        exchanges.heal(exchange.server, client: client)
    }

    /// The credential works again. Only a token that can be handed out shows that: answers that are of no use are asked for less
    /// and less often, like failures.
    private mutating func heal(_ token: TokenName, _ turn: inout Turn) {
        failures.forgive(token)
        // but for what the server does not grant, though it grants the others what they ask for
        let over = failures.takeTold(of: token) { [cache] in cache.trouble(of: $0)?.retry == nil }
        for (consumer, failures) in over.sorted(by: { $0.key.description < $1.key.description }) {
            turn.events.append(.recovered(token, consumer, failures: failures))
        }
    }

    /// Hands the new token to everyone who waits for this entry, or says why it is not for them.
    mutating func satisfyWaiters(of key: CacheKey, at now: Moment, _ turn: inout Turn) {
        guard let held = cache.held(key) else { return }
        // a thousand callers of one rule are one question
        var misfits: [Fit: Refusal?] = [:]
        for waiter in waiters.take(for: key) {
            let promise = waiter.promise.least(held)
            let misfit = misfits[waiter.fit] ?? (held.suits(waiter.fit) ? nil : .unsuitable(held, waiter.fit))
            misfits[waiter.fit] = .some(misfit)
            if let misfit {
                turn.answers.append((waiter.id, .refused(misfit)))
            } else if held.lasts(promise, at: now.boot) {
                turn.answers.append((waiter.id, .token(held)))
                if waiter.patience.isForToken { _ = cache.noteHandedOut(key, validity: waiter.promise.seconds, at: now.boot) }
            } else {
                turn.answers.append((waiter.id, .refused(waiter.promise.seconds.map { .shortLived(held.lifetime, $0) } ?? .spentOnArrival)))
            }
        }
    }

    // MARK: failure

    /// - Parameters:
    ///   - verdict: what callers are told instead, where only a person can help.
    ///   - reason: one word of ours beside it.
    mutating func fail(
        _ exchange: Exchange, _ failure: ExchangeFailure, _ report: ExchangeReport, verdict: Refusal? = nil, reason: String? = nil, at now: Moment,
        _ turn: inout Turn
    ) {
        let key = exchange.key
        failures.note(failure, of: key.token, at: now.boot)
        var refusal = verdict ?? cool(exchange, failure, isSpent: report.successor != nil, at: now)
        if let reason { refusal.fields.insert(Field("reason", reason), at: 0) }
        cache.fail(key, Trouble(refusal: refusal))
        tell(refusal, exchange, report, at: now, &turn)
        switch failure.reach {
        case .server: share(exchange, refusal, at: now, &turn) { _ in true }
        case .client:
            let client = application(of: key.token)?.client.id
            share(exchange, refusal, at: now, &turn) { $0?.client.id == client }
        case .credential: break
        }
        if finalRefusal(key.token, at: now.boot) != nil { dismissQueued(key.token, refusal, at: now, &turn) }
    }

    /// Applies the law of a failure to the server, the client or the credential, and words it for those who ask.
    /// - Parameter isSpent: a refresh token was replaced all the same.
    private mutating func cool(_ exchange: Exchange, _ failure: ExchangeFailure, isSpent: Bool, at now: Moment) -> Refusal {
        let token = exchange.key.token
        let fields = failure.oauthError.map { [Field("oauth-error", $0)] } ?? []
        var retryAfter: Int?
        var longest = Backoff.ceiling
        // when a refresh token may be sent again has been set already
        let isPaced = configuration.tokens[token]?.grant.kind == .authorizationCode && !isSpent
        switch failure.law {
        case .no where isPaced, .silent where isPaced, .unknown where isPaced: return comeAgain(exchange.key, fields, failure, at: now)
        case .no, .configuration: return refuse(token, failure, at: now)
        case .silent:
            // what has just begun is soon over; what has gone on for an hour is told as what it is
            longest = now.boot - (failures[token]?.silentSince ?? now.boot)
            if longest >= pace.refusal { return refuse(token, failure, at: now) }
        case .answered(let seconds): retryAfter = seconds
        case .unsent, .unknown: break
        }
        failures.cool(token, began: exchange.began, at: now.boot, retryAfter: retryAfter, random: jitter.next(), longest: longest)
        cool(failure, exchange, retryAfter, at: now)
        return comeAgain(exchange.key, fields, failure, at: now)
    }

    /// Whoever else would get the same answer is left alone, too.
    private mutating func cool(_ failure: ExchangeFailure, _ exchange: Exchange, _ retryAfter: Int?, at now: Moment) {
        guard failure.reach != .credential, let client = application(of: exchange.key.token)?.client.id else { return }
        let random = jitter.next()
        exchanges.cool(exchange.server, client: failure.reach == .client ? client : nil) { cooling in
            cooling.backoff.failed(exchange.began, at: now.boot, retryAfter: retryAfter, random: random)
            (cooling.failure, cooling.token) = (failure, exchange.key.token)
        }
    }

    /// Somebody has to change something, as far as anybody knows. It is tried again all the same, once an hour.
    mutating func refuse(_ token: TokenName, _ failure: ExchangeFailure, at now: Moment) -> Refusal {
        let refusal = Refusal(.refused, failure.oauthError.map { [Field("oauth-error", $0)] } ?? [], failure.text)
        failures.refuse(token, Trouble(refusal: refusal, retry: now.boot + pace.refusal))
        return refusal
    }

    private func comeAgain(_ key: CacheKey, _ fields: [Field], _ failure: ExchangeFailure, at now: Moment) -> Refusal {
        let next = nextTry(key, at: now.boot) ?? now.boot
        return Refusal(.unavailable, fields + [Field("retry-after", wholeSeconds(next - now.boot))], failure.text)
    }

    private mutating func withhold(_ verdict: Verdict, _ exchange: Exchange, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        let key = exchange.key
        var fields = [Field("reason", verdict.reason)]
        if !verdict.isFinal {
            failures.cool(key.token, began: exchange.began, at: now.boot, retryAfter: nil, random: jitter.next())
            failures.noteUseless(ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, text: verdict.text), of: key.token)
            fields.append(Field("retry-after", wholeSeconds((nextTry(key, at: now.boot) ?? now.boot) - now.boot)))
        }
        let refusal = Refusal(.refused, fields, verdict.text)
        cache.fail(key, Trouble(refusal: refusal, retry: verdict.isFinal ? now.boot + pace.refusal : nil))
        tell(refusal, exchange, report, at: now, &turn)
    }

    /// Tells the audit, the watchers and the waiters of one entry.
    private mutating func tell(_ refusal: Refusal, _ exchange: Exchange, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        let key = exchange.key
        let next = reasonUnavailable(key.token) == nil ? nextTry(key, at: now.boot).map { $0 - now.boot } : nil
        let life = cache.held(key).map { max(0, $0.until - now.boot) } ?? 0
        var failure: ExchangeFailure?
        if case .failure(let reported) = report.outcome { failure = reported }
        failures.noteTold(key)
        turn.events.append(.failed(key, refusal, failure, cause: exchange.cause, nextTry: next, stillServing: life, took: report.took))
        let state = state(of: key, at: now.boot).state
        tellWatchers(of: key, { _ in .trouble(state, reason: refusal.text) }, &turn)
        dismissWaiters(of: key, refusal, at: now, &turn)
    }

    /// An outcome is shared by all who wait for it: they get the held token if that is good enough, else the refusal.
    /// Who waits through failures goes on waiting, unless only an operator can help.
    mutating func dismissWaiters(of key: CacheKey, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        let isOver = isRefused(key, at: now.boot)
        for waiter in waiters.take(for: key, where: { isOver || !$0.patience.isLasting }) { release(waiter, refusal, at: now, &turn) }
    }

    /// A server that cannot be reached, or that has told a client to wait, is not asked again by what waits in its queue: the credential's own plans share
    /// the outcome, the others wait for the next try if their callers can.
    /// - Parameter isConcerned: whether the failure is about this application, too.
    private mutating func share(
        _ exchange: Exchange, _ refusal: Refusal, at now: Moment, _ turn: inout Turn, _ isConcerned: (Application?) -> Bool
    ) {
        let applications = configuration.applications
        for key in exchanges.takeQueued(at: exchange.server, where: { isConcerned(applications[String($0.token.application)]) }) {
            if key.token == exchange.key.token {
                dismissWaiters(of: key, refusal, at: now, &turn)
            } else if let next = nextTry(key, at: now.boot) {
                dismissImpatient(key, unavailable(key, until: next, at: now), at: now, &turn)
            }
            reschedule(key, at: now.boot)
            passOn(key.token, at: now, &turn)
        }
    }

    mutating func dismissImpatient(_ key: CacheKey, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        guard let next = nextTry(key, at: now.boot) else { return }
        for waiter in waiters.take(for: key, where: { ($0.utmost ?? $0.deadline) < next }) { release(waiter, refusal, at: now, &turn) }
    }

    /// What waits in the queue for a credential that is refused for good.
    private mutating func dismissQueued(_ token: TokenName, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        for key in cache.keys(of: token) where exchanges.dequeue(key) {
            dismissWaiters(of: key, refusal, at: now, &turn)
            reschedule(key, at: now.boot)
        }
    }
}

/// A success that cannot be handed over.
struct Verdict: Error {
    var reason: String
    var text: String
    var isFinal: Bool
}
