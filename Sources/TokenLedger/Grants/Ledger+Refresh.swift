internal import OAuth
internal import Secrets
internal import TokenWire

/// A refresh token is spent here, and nowhere else:
///
///     begin ──intent──► synced ──plan──► answered ──successor──► synced ──► published
///                          │               └── nothing spent: the intent goes, the same token again later
///                          └── not durable: nothing is sent
///
/// Each arrow that leads to the disk is a job, each that leads back a report. One token of one sign-in at a time.
struct Spending: Sendable {
    enum Stage: Sendable {
        /// The intent is on its way to the disk.
        case preparing
        case exchanging
        /// The answer is here; what it means is seen when it is known whether a LOGIN, LOGOUT or IMPORT has taken its place.
        case parked(ExchangeReport)
        /// The answer is here; what it brought is on its way to the disk.
        case keeping(StoredRecord, ExchangeReport)
    }
    /// Which sign-in the token belongs to.
    var grant: UInt64
    /// Whose the token is.
    var binding: RecordBinding
    var intent: Intent
    var stage = Stage.preparing
    /// Failed attempts to write the successor.
    var failures = 0
    /// A try to write it has not reported yet.
    var isWriting = false

    var kept: StoredRecord? { if case .keeping(let record, _) = stage { record } else { nil } }
}

extension Ledger {
    // MARK: before it is sent

    /// Writes down what is about to happen.
    mutating func beginSpending(_ id: UInt64, _ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let holding = holdings[token], let record = holding.record, let secret = holding.refreshToken else {
            return abandon(id, at: now, &turn)
        }
        if let fault = reasonNotToSpend(token) {
            holdings[token]?.notBefore = now.boot + Self.lateRetry
            return abandon(id, because: fault, at: now, &turn)
        }
        let intent = Intent(
            grant: record.grant, generation: record.generation, attempt: holding.doubt == nil ? 1 : 2, token: fingerprint(secret), sent: now.wall)
        holdings[token]?.flight = id
        flights[id]?.spending = Spending(grant: record.grant, binding: record.binding, intent: intent)
        overdue.set(id, at: now.boot + pace.intent)
        enqueue(.prepare(token, intent), .intent(flight: id, token), &turn)
    }

    /// The intent is durable: the token may go.
    mutating func intentKept(_ id: UInt64, _ token: TokenName, at now: Moment, _ turn: inout Turn) {
        noteStoreWorks(token, &turn)
        guard let flight = flights[id], case .preparing? = flight.spending?.stage else {
            // it came too late, and nothing was sent; a newer one has taken its place, or it goes
            if holdings[token]?.flight == nil { tidyIntent(token, &turn) }
            return
        }
        overdue.set(id, at: nil)
        guard !isStopping, holdings[token]?.flight == id, let plan = refreshPlan(id, flight) else {
            tidyIntent(token, &turn)
            return abandon(id, at: now, &turn)
        }
        flights[id]?.spending?.stage = .exchanging
        turn.plans.append(plan)
    }

    /// The token that would be sent is not on the disk yet, or what is to replace it is not; or the store still has an intent that was given up,
    /// so that the next one would keep its place from others as long.
    func reasonNotToSpend(_ token: TokenName) -> StoreFault? {
        guard let holding = holdings[token], holding.refreshToken != nil else { return nil }
        if holding.isUnsynced { return .notSynced(token) }
        if isUnsettled(token) { return .notReplaced(token) }
        let isHanging = steps.values.contains { work in if case .intent(let id, _) = work.step { flights[id] == nil } else { false } }
        return isHanging ? .noAnswerYet : nil
    }

    private func refreshPlan(_ id: UInt64, _ flight: Flight) -> ExchangePlan? {
        let key = flight.key
        guard let settings = configuration.tokens[key.token], case .authorizationCode(let signIn) = settings.grant,
            let application = application(of: key.token), let holding = holdings[key.token], let record = holding.record,
            let secret = holding.refreshToken, isOurs(record)
        else { return nil }
        let audience = key.audience.map { Audience(parameter: settings.audienceParameter, value: $0) }
        let grant = GrantRequest.refresh(
            token: secret, scopes: signIn.narrow && key.scopes != settings.scopes ? key.scopes : [], audience: audience,
            hasRefreshed: record.hasRefreshed)
        return ExchangePlan(
            id: id, token: key.token, application: application, grant: grant, timeout: application.server.timeout,
            identity: .refresh(subject: record.binding.subject, earlier: record.idToken), cause: flight.cause)
    }

    /// The intent could not be made durable, or not in time: nothing was sent.
    mutating func intentFailed(_ id: UInt64, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        guard let flight = flights[id], case .preparing? = flight.spending?.stage else { return }
        noteStore(flight.key.token, fault, &turn)
        abandon(id, because: fault, at: now, &turn)
    }

    /// Ends a flight that sent nothing.
    private mutating func abandon(_ id: UInt64, because fault: StoreFault? = nil, at now: Moment, _ turn: inout Turn) {
        guard let flight = end(spending: id) else { return }
        lanes[flight.lane]?.inFlight -= 1
        if entries[flight.key]?.progress == .flying(id) {
            entries[flight.key]?.progress = .none
            if let fault { withholdForStore(flight, fault, at: now, &turn) }
            reschedule(flight.key, at: now.boot)
        }
        scheduleKeepAlive(flight.key.token, at: now)
        resumeQueue(of: flight.key.token, at: now, &turn)
    }

    /// Callers get what is held, or hear of the store; the next try comes after a pause.
    private mutating func withholdForStore(_ flight: Flight, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        let failure = ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, text: fault.text)
        let report = ExchangeReport(plan: 0, outcome: .failure(failure), sent: now, id: nil, took: now.boot - flight.began)
        fail(flight, failure, report, reason: "store", at: now, &turn)
    }

    // MARK: after it was sent

    /// What came of it; first of all what has to be kept.
    mutating func settleSpending(_ id: UInt64, _ flight: Flight, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        let token = flight.key.token
        guard let spending = flight.spending, case .exchanging = spending.stage else { return }
        lanes[flight.lane]?.inFlight -= 1
        if holdings[token]?.flight == id, holdings[token]?.isBeingReplaced == true {
            park(id, token, report, &turn)
        } else {
            digest(id, spending, report, of: token, at: now, &turn)
        }
        pumpAll(at: now, &turn)
    }

    /// Until then at least a crash of the daemon must not reach what came. In the order of records it stands before what is to replace it.
    private mutating func park(_ id: UInt64, _ token: TokenName, _ report: ExchangeReport, _ turn: inout Turn) {
        flights[id]?.spending?.stage = .parked(report)
        guard report.successor != nil, let record = holdings[token]?.record, var next = successor(of: record, report) else { return }
        next.generation = record.generation + 1
        enqueue(.remember(next), .tidy(token), &turn)
    }

    /// It is known what is in force: what came meanwhile for a refresh that was under way goes its way.
    mutating func unpark(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        for (id, flight) in flights where flight.key.token == token {
            if let spending = flight.spending, case .parked(let report) = spending.stage { digest(id, spending, report, of: token, at: now, &turn) }
        }
    }

    private mutating func digest(_ id: UInt64, _ spending: Spending, _ report: ExchangeReport, of token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let holding = holdings[token], holding.flight == id, let record = holding.record, record.grant == spending.grant else {
            // another sign-in has taken its place meanwhile
            flights[id] = nil
            if let successor = report.successor { revoke(successor, spending.binding, at: now, &turn, of: token) }
            return
        }
        if let next = successor(of: record, report) {
            keep(next, id, report, at: now, &turn)
        } else {
            concludeSpending(id, report, at: now, &turn)
        }
    }

    /// The record that has to be synced because of an answer; `nil` when the present one says all there is to say.
    private func successor(of record: StoredRecord, _ report: ExchangeReport) -> StoredRecord? {
        let tokens = try? report.outcome.get()
        guard report.successor != nil || tokens != nil else { return nil }
        var next = record
        next.generation = max(record.generation, holdings[record.name]?.generation ?? 0) + 1
        next.hasRefreshed = true
        next.rotated = report.sent.wall
        if let tokens {
            next.scopes = tokens.scopes ?? record.scopes
            next.idToken = tokens.idToken ?? record.idToken
            next.idleLifetime = tokens.refreshLifetime ?? record.idleLifetime
        }
        if let successor = report.successor, successor != record.secret {
            next.spent = fingerprint(record.secret)
            next.secret = successor
            return next
        }
        // the same token goes on: what else changed is worth a write now and then
        let isStale = report.sent.wall - record.rotated >= Self.worthAWrite
        return !record.hasRefreshed || isStale ? next : nil
    }

    /// Seconds.
    private static let worthAWrite: Int64 = 3_600

    /// Everything is on the disk that has to be.
    mutating func concludeSpending(_ id: UInt64, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        guard let flight = end(spending: id), let spending = flight.spending else { return }
        let token = flight.key.token
        let isConfigured = credentials[token]?.generation == flight.generation
        let isAwaited = entries[flight.key]?.progress == .flying(id) && isConfigured
        if isAwaited { entries[flight.key]?.progress = .none }
        var verdict: Refusal?
        switch report.outcome {
        case .failure(let failure) where report.successor == nil:
            verdict = unspent(token, failure, spending, report, at: now, &turn)
        case .success, .failure:
            // the server took the token; a successor is safe even where what else came is of no use
            spent(token, at: now)
            // what was synced ended the intent; where nothing had to be, it ends here
            if spending.kept == nil { tidyIntent(token, &turn) }
        }
        if isAwaited { conclude(flight, report, verdict, at: now, &turn) }
        scheduleKeepAlive(token, at: now)
        scheduleWarning(token, at: now)
        resumeQueue(of: token, at: now, &turn)
    }

    /// The server has answered a refresh: no doubt is left.
    private mutating func spent(_ token: TokenName, at now: Moment) {
        holdings[token]?.doubt = nil
        holdings[token]?.refusals = 0
        holdings[token]?.notBefore = 0
        holdings[token]?.lastUsed = now.wall
    }

    /// Nothing came. What that means for the token that was sent; a refusal if only a person can help now.
    private mutating func unspent(
        _ token: TokenName, _ failure: ExchangeFailure, _ spending: Spending, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn
    ) -> Refusal? {
        let isReplay = spending.intent.attempt > 1
        switch failure.law {
        case .unsent, .answered, .configuration:
            tidyIntent(token, &turn)
        case .unknown where isReplay, .no where isReplay:
            return end(token, .answerLost(token, answered: failure.cameWhole ? failure.text : holdings[token]?.doubt?.answer), &turn)
        case .unknown:
            let earliest = report.sent.boot + patience(for: token) + pace.replay
            holdings[token]?.doubt = Holding.Doubt(intent: spending.intent, answer: failure.cameWhole ? failure.text : nil)
            holdings[token]?.notBefore = earliest
        case .no:
            tidyIntent(token, &turn)
            let refusals = (holdings[token]?.refusals ?? 0) + 1
            holdings[token]?.refusals = refusals
            guard refusals <= pace.quarantine.count else { return end(token, .refreshRefused(token, failure), &turn) }
            holdings[token]?.notBefore = now.boot + pace.quarantine[refusals - 1]
        }
        return nil
    }

    /// Nothing was spent by this send. Where an earlier one is in doubt its intent stays, so that "once" is not forgotten.
    private mutating func tidyIntent(_ token: TokenName, _ turn: inout Turn) {
        if let doubt = holdings[token]?.doubt {
            enqueue(.prepare(token, doubt.intent), .tidy(token), &turn)
        } else {
            enqueue(.withdraw(token), .tidy(token), &turn)
        }
    }

    /// From now on only a person can help. What is held is served to its end, and the record is kept.
    private mutating func end(_ token: TokenName, _ refusal: Refusal, _ turn: inout Turn) -> Refusal {
        holdings[token]?.ended = refusal
        holdings[token]?.doubt = nil
        turn.events.append(.loginRequired(token, refusal))
        return refusal
    }

    // MARK: one at a time

    private mutating func end(spending id: UInt64) -> Flight? {
        overdue.set(id, at: nil)
        guard let flight = flights.removeValue(forKey: id) else { return nil }
        if holdings[flight.key.token]?.flight == id { holdings[flight.key.token]?.flight = nil }
        return flight
    }

    /// What waited for the refresh token to be free.
    mutating func resumeQueue(of token: TokenName, at now: Moment, _ turn: inout Turn) {
        let waiting = holdings[token]?.queue ?? []
        holdings[token]?.queue = []
        for key in waiting where entries[key]?.progress == .queued {
            entries[key]?.progress = .none
            if isRefused(key) {
                if let refusal = finalRefusal(token) { dismissWaiters(of: key, refusal, at: now, &turn) }
            } else if nextTry(key, at: now.boot) != nil {
                putOff(key, at: now, &turn)
            } else {
                launch(key, entries[key]?.cause ?? .asked, at: now, &turn)
            }
            reschedule(key, at: now.boot)
        }
    }
}
