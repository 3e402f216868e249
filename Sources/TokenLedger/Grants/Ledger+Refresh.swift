internal import OAuth
internal import Secrets
internal import TokenWire

/// What is decided before a refresh token is sent, and after it was.
extension Ledger {
    // MARK: before it is sent

    /// Writes down what is about to happen.
    mutating func beginRotation(_ id: UInt64, _ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let holding = grants[token], let record = holding.record, let secret = holding.refreshToken else {
            return abandon(id, at: now, &turn)
        }
        if let fault = reasonNotToSpend(token) {
            grants.putOff(token, to: now.boot + Self.lateRetry)
            return abandon(id, because: fault, at: now, &turn)
        }
        let intent = Intent(
            grant: record.grant, generation: record.generation, attempt: min((holding.doubt?.intent.attempt ?? 0) + 1, Intent.mostAttempts),
            token: fingerprint(secret), sent: now.wall)
        grants.begin(id, Rotation(token, of: record, intent))
        store.setDeadline(id, at: now.boot + pace.intent)
        enqueue(.prepare(token, intent), .intent(exchange: id, token), &turn)
    }

    /// The intent is durable: the token may go.
    mutating func intentKept(_ id: UInt64, _ token: TokenName, at now: Moment, _ turn: inout Turn) {
        noteStoreWorks(token, &turn)
        guard let exchange = exchanges[id], case .preparing? = grants.rotation(id)?.stage else {
            // it came too late, and nothing was sent; a newer one has taken its place, or it goes
            if !grants.isRotating(token) { tidyIntent(token, &turn) }
            return
        }
        store.setDeadline(id, at: nil)
        guard !isStopping, grants.isCurrent(id, of: token), let plan = refreshPlan(id, exchange) else {
            tidyIntent(token, &turn)
            return abandon(id, at: now, &turn)
        }
        var isNarrowed = false
        if case .refresh(_, let scopes, _, _) = plan.grant { isNarrowed = !scopes.isEmpty }
        grants.send(id, isNarrowed: isNarrowed)
        turn.plans.append(plan)
    }

    /// The token that would be sent is not on the disk yet, or what is to replace it is not; or the store still has an intent that was given up,
    /// so that the next one would keep its place from others as long.
    func reasonNotToSpend(_ token: TokenName) -> StoreFault? {
        guard let holding = grants[token], holding.refreshToken != nil else { return nil }
        if holding.isUnsynced { return .notSynced(token) }
        if store.isUncertain(token) { return .notReplaced(token) }
        return store.hasIntent { [grants] in grants.rotation($0) == nil } ? .noAnswerYet : nil
    }

    private func refreshPlan(_ id: UInt64, _ exchange: Exchange) -> ExchangePlan? {
        let key = exchange.key
        guard let settings = configuration.tokens[key.token], case .authorizationCode(let signIn) = settings.grant,
            let application = application(of: key.token), let holding = grants[key.token], let record = holding.record,
            let secret = holding.refreshToken, isOurs(record)
        else { return nil }
        let audience = key.audience.map { Audience(parameter: settings.audienceParameter, value: $0) }
        let grant = GrantRequest.refresh(
            token: secret, scopes: signIn.narrow && key.scopes != settings.scopes ? key.scopes : [], audience: audience,
            isProven: record.isKnownGood)
        // an ID token that nobody asked for is not looked at, as at the sign-in
        let namesPerson = settings.scopes.contains("openid") || record.binding.subject != nil
        return ExchangePlan(
            id: id, token: key.token, application: application, grant: grant, timeout: application.server.timeout,
            identity: namesPerson ? .refresh(subject: record.binding.subject, earlier: record.idToken) : nil, cause: exchange.cause, scopes: settings.scopes)
    }

    /// The intent could not be made durable, or not in time: nothing was sent.
    mutating func intentFailed(_ id: UInt64, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id), case .preparing = rotation.stage else { return }
        noteStore(rotation.token, fault, &turn)
        abandon(id, because: fault, at: now, &turn)
    }

    /// Ends an exchange that sent nothing.
    private mutating func abandon(_ id: UInt64, because fault: StoreFault? = nil, at now: Moment, _ turn: inout Turn) {
        guard let (exchange, isAwaited, _) = endExchange(id) else { return }
        if isAwaited {
            if let fault { withholdForStore(exchange, fault, at: now, &turn) }
            reschedule(exchange.key, at: now.boot)
        }
        scheduleKeepAlive(exchange.key.token, at: now)
        resumeQueue(of: exchange.key.token, at: now, &turn)
    }

    /// Callers get what is held, or hear of the store; the next try comes after a pause.
    private mutating func withholdForStore(_ exchange: Exchange, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        let failure = ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, text: fault.text)
        let report = ExchangeReport(plan: 0, outcome: .failure(failure), sent: now, id: nil, took: now.boot - exchange.began)
        fail(exchange, failure, report, reason: "store", at: now, &turn)
    }

    // MARK: after it was sent

    /// What came of it; first of all what has to be kept.
    mutating func rotationAnswered(_ id: UInt64, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id), case .exchanging = rotation.stage else { return }
        let token = rotation.token
        var report = report
        // a page in the place of the metadata is no answer to the refresh token
        if !report.isRequested { report.outcome = report.outcome.mapError { $0.law == .silent ? $0.beforeSending : $0 } }
        exchanges.free(id)
        if grants.isCurrent(id, of: token), store.isReplacing(token) {
            hold(id, rotation, report, &turn)
        } else {
            apply(id, rotation, report, at: now, &turn)
        }
        startAllQueued(at: now, &turn)
    }

    /// Until then at least a crash of the daemon must not reach what came. In the order of records it stands before what is to replace it.
    private mutating func hold(_ id: UInt64, _ rotation: Rotation, _ report: ExchangeReport, _ turn: inout Turn) {
        grants.hold(id, report)
        guard report.successor != nil, let record = grants[rotation.token]?.record, var next = successor(of: record, rotation, report) else { return }
        next.generation = record.generation + 1
        enqueue(.remember(next), .tidy(rotation.token), &turn)
    }

    /// It is known what is in force: what came meanwhile for a refresh that was under way goes its way.
    mutating func applyHeld(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        for (id, rotation, report) in grants.held(of: token) { apply(id, rotation, report, at: now, &turn) }
    }

    private mutating func apply(_ id: UInt64, _ rotation: Rotation, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        guard let holding = grants[rotation.token], holding.exchange == id, let record = holding.record, record.grant == rotation.grant else {
            // another sign-in has taken its place meanwhile
            _ = endExchange(id)
            if let successor = report.successor { revoke(successor, rotation.binding, at: now, &turn, of: rotation.token) }
            return
        }
        if let next = successor(of: record, rotation, report) {
            commitSuccessor(next, id, report, at: now, &turn)
        } else {
            concludeRotation(id, report, at: now, &turn)
        }
    }

    /// The record that has to be synced because of an answer; `nil` when the present one says all there is to say.
    private func successor(of record: StoredRecord, _ rotation: Rotation, _ report: ExchangeReport) -> StoredRecord? {
        let tokens = try? report.outcome.get()
        guard report.successor != nil || tokens != nil else { return nil }
        var next = record
        next.generation = max(record.generation, grants[record.name]?.generation ?? 0) + 1
        next.isProven = true
        next.rotated = report.sent.wall
        if let tokens {
            // an answer that says less narrows this access token alone (RFC 6749 section 6): what was granted at the sign-in stays known
            let known = record.scopes + (configuration.tokens[record.name]?.scopes ?? [])
            if !rotation.isNarrowed, let granted = tokens.scopes, TokenSettings.missing(of: known, in: granted).isEmpty { next.scopes = granted }
            next.idToken = tokens.idToken ?? record.idToken
            next.idleLifetime = tokens.refreshLifetime ?? record.idleLifetime
        }
        if let successor = report.successor, successor != record.secret {
            next.spent = fingerprint(record.secret)
            next.secret = successor
            return next
        }
        // the same token goes on: what else changed is worth a write now and then
        // also where the wall clock was ahead when the record was written
        let isStale = abs(report.sent.wall - record.rotated) >= Self.worthAWrite
        return !record.isProven || isStale ? next : nil
    }

    /// Seconds.
    private static let worthAWrite: Int64 = 3_600

    /// Everything is on the disk that has to be.
    mutating func concludeRotation(_ id: UInt64, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        guard let (exchange, isAwaited, rotation) = endExchange(id), let rotation else { return }
        let token = rotation.token
        let isConfigured = failures.generation(of: token) == exchange.generation
        var verdict: Refusal?
        switch report.outcome {
        case .failure(let failure) where report.successor == nil:
            verdict = failed(rotation, failure, report, at: now, &turn)
        case .success, .failure:
            // the server took the token; a successor is safe even where what else came is of no use
            grants.succeed(token, at: now)
            // what was synced ended the intent; where nothing had to be, it ends here
            if rotation.successor == nil { tidyIntent(token, &turn) }
        }
        if isAwaited, isConfigured { conclude(exchange, report, verdict, at: now, &turn) }
        scheduleKeepAlive(token, at: now)
        scheduleWarning(token, at: now)
        resumeQueue(of: token, at: now, &turn)
    }

    /// Nothing came. What that means for the token that was sent; a refusal where callers are told something else than the failure.
    private mutating func failed(
        _ rotation: Rotation, _ failure: ExchangeFailure, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn
    ) -> Refusal? {
        let token = rotation.token
        let isSilent = failure.law == .silent
        let before = (isSilent ? grants[token]?.silences : grants[token]?.refusals) ?? 0
        let consequence = RefreshFailure(failure, isReplay: rotation.intent.attempt > 1, refusals: before, quarantine: pace.quarantine)
        switch consequence {
        case .kept, .quarantined, .silenced, .ended(isAnswerLost: false): tidyIntent(token, &turn)
        case .uncertain, .ended(isAnswerLost: true): break
        }
        switch consequence {
        case .kept: return nil
        case .uncertain:
            doubt(token, rotation.intent, report, answered: failure.cameWhole ? failure.text : nil)
            return nil
        case .quarantined(let pause, let isPersonAsked):
            grants.quarantine(token, isSilent: isSilent, until: now.boot + pause)
            return isPersonAsked ? advise(token, .refreshRefused(token, failure), &turn) : nil
        case .silenced(isPersonAsked: false): return refuse(token, failure, at: now)
        case .silenced(isPersonAsked: true):
            let doubt = grants[token]?.doubt
            let refusal = doubt.map { Refusal.answerLost(token, failure, answered: $0.answer) } ?? .refreshRefused(token, failure)
            failures.refuse(token, Trouble(refusal: refusal, retry: now.boot + pace.refusal))
            return advise(token, refusal, &turn)
        case .ended(isAnswerLost: true): return end(token, .answerLost(token, failure, answered: grants[token]?.doubt?.answer), &turn)
        case .ended(isAnswerLost: false): return end(token, .refreshRefused(token, failure), &turn)
        }
    }

    /// The token may be spent. It is sent again when the server must be done with it, and from the second time on less and less often.
    /// - Parameter answer: what came, where that was whole and of no use.
    private mutating func doubt(_ token: TokenName, _ intent: Intent, _ report: ExchangeReport, answered answer: String?) {
        let earliest = report.sent.boot + patience(for: token) + pace.replay
        let longest = min(pace.replay << min(intent.attempt - 1, 4), 10 * pace.replay) - pace.replay
        let notBefore = earliest + Int64(Double(longest) * jitter.fraction())
        grants.doubt(token, intent, earliest: earliest, notBefore: notBefore, answer: answer)
    }

    /// A person is asked to sign in, and the refresh token is tried on meanwhile.
    private mutating func advise(_ token: TokenName, _ refusal: Refusal, _ turn: inout Turn) -> Refusal {
        if grants.advise(token, refusal) { turn.events.append(.loginRequired(token, refusal)) }
        return refusal
    }

    /// Nothing was spent by this send. Where an earlier one is in doubt its intent stays.
    private mutating func tidyIntent(_ token: TokenName, _ turn: inout Turn) {
        if let doubt = grants[token]?.doubt {
            enqueue(.prepare(token, doubt.intent), .tidy(token), &turn)
        } else {
            enqueue(.withdraw(token), .tidy(token), &turn)
        }
    }

    /// From now on only a person can help. What is held is served to its end, and the record is kept.
    private mutating func end(_ token: TokenName, _ refusal: Refusal, _ turn: inout Turn) -> Refusal {
        if grants.end(token, refusal) { turn.events.append(.loginRequired(token, refusal)) }
        return refusal
    }

    // MARK: one at a time

    mutating func endExchange(_ id: UInt64) -> (exchange: Exchange, isAwaited: Bool, rotation: Rotation?)? {
        store.setDeadline(id, at: nil)
        guard let (exchange, isAwaited) = exchanges.end(id) else { return nil }
        return (exchange, isAwaited, grants.end(id))
    }

    /// An exchange has the refresh token, or another is on its way to the disk.
    func isRefreshTokenBusy(_ token: TokenName) -> Bool { grants.isRotating(token) || store.isReplacing(token) }

    /// The refresh token is free: of what waited for it the next one goes on. What cannot go on is told why.
    mutating func resumeQueue(of token: TokenName, at now: Moment, _ turn: inout Turn) {
        while let (key, cause) = exchanges.nextForRefreshToken(token) {
            if let refusal = reasonNotToBegin(key, at: now.boot) {
                dismissWaiters(of: key, refusal, at: now, &turn)
            } else if nextTry(key, at: now.boot) != nil {
                putOff(key, at: now, &turn)
            } else {
                enqueueExchange(key, cause, at: now, &turn)
            }
            reschedule(key, at: now.boot)
            // the others come when that has ended
            if isRefreshTokenBusy(token) { return }
        }
    }
}
