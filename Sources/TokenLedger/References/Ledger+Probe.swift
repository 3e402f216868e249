internal import OAuth
internal import Secrets
internal import TokenWire

/// Looking now and then whether a reference token is still good (STAT-03), where the configuration says how.
///
///     held ──spread──► look ──► good          ──every ±10 %──► look
///                           ──► not taken     (degraded; it is served all the same: an API may err, and there is no other one)
///                           ──► nothing learned (told once, nothing changes)
///
/// At ERP.net a look at an API with a token opens a session, which takes a licence slot until it has been idle for 20 minutes.
extension Ledger {
    /// So many looks at once; the others come a little later.
    static let looksAtOnce = 8

    /// Why a token is doubted that is held and served.
    func doubt(of token: TokenName) -> Refusal? {
        guard let trouble = references[token]?.refusal else { return nil }
        return Refusal(.refused, [Field("reason", trouble.kind.rawValue)], trouble.doubt)
    }

    /// The end of a token that the server told when it was asked about it, where nobody else has said.
    func toldEnd(_ token: TokenName, _ reference: ReferenceSettings) -> Int64? {
        let said = reference.value == nil ? grants[token]?.record?.expires ?? reference.expires : reference.expires
        return said == nil ? references[token]?.end : nil
    }

    // MARK: when

    /// Begins with a token that has come, changed or gone; goes on undisturbed with one that is as before. The first look is
    /// somewhere within the first interval, ten minutes at most: a thousand tokens are not all looked at when the daemon starts.
    mutating func scheduleProbe(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let subject = probeSubject(token) else { return endProbe(token, &turn) }
        if let before = references[token], before.subject.id != subject.id { endProbe(token, &turn) }
        guard references.begin(token, subject) else { return }
        setLook(token, in: Int64(Double(min(.seconds(subject.probe.every), pace.catchUp)) * jitter.fraction()), at: now)
    }

    /// Of tokens that are no longer configured, or no longer looked at.
    mutating func endProbes(_ turn: inout Turn) {
        for token in references.tokens where probeSubject(token) == nil { endProbe(token, &turn) }
    }

    private mutating func endProbe(_ token: TokenName, _ turn: inout Turn) {
        guard let state = references.end(token) else { return }
        for trouble in [state.refusal, state.hindrance].compactMap(\.self) {
            turn.events.append(.probeTroubleEnded(token, state.subject.id, trouble.kind, isHealed: false))
        }
    }

    private mutating func setLook(_ token: TokenName, in pause: Int64, at now: Moment) {
        if !isStopping { references.setLook(token, at: now.boot + pause) }
    }

    /// Nothing is looked at while no token is held.
    private func probeSubject(_ token: TokenName) -> ProbeState.Subject? {
        guard let settings = configuration.tokens[token], case .reference(let reference) = settings.grant, let probe = reference.probe,
            let application = application(of: token), let held = cache.held(settings.soleKey)
        else { return nil }
        return ProbeState.Subject(id: held.id, header: settings.header, probe: probe, application: application)
    }

    // MARK: looking

    /// The time has come, or an administrator asks: one look at a time.
    mutating func look(at token: TokenName, at now: Moment, _ turn: inout Turn) {
        scheduleProbe(token, at: now, &turn)
        guard !isStopping, let state = references[token], state.errand == nil, let settings = configuration.tokens[token],
            let held = cache.held(settings.soleKey)
        else { return }
        guard errands.probeCount < Self.looksAtOnce else {
            return setLook(token, in: .seconds(1) + Int64(Double(Int64.seconds(9)) * jitter.fraction()), at: now)
        }
        let errand = Errand.probe(held.token, state.subject.probe.way, state.subject.header)
        references.look(token, run(errand, for: token, state.subject.application, .probe(token), &turn))
    }

    /// Takes in what a look has shown.
    mutating func looked(at token: TokenName, _ report: ErrandReport, at now: Moment, _ turn: inout Turn) {
        guard case .probed(let health) = report.result, references.looked(token, report.id) else { return }
        // it may have ended or been replaced meanwhile
        guard references[token]?.subject == probeSubject(token) else { return scheduleProbe(token, at: now, &turn) }
        var pause: Int64 = 0
        let key = configuration.tokens[token]?.soleKey
        switch health {
        case .good(let end):
            end.map { foresee($0, token, at: now) }
            tell(references.setHindrance(nil, token), of: token, &turn)
            tell(references.setRefusal(nil, token), of: token, &turn)
            if let key { satisfyWaiters(of: key, at: now, &turn) }
        case .refused(let text):
            tell(references.setHindrance(nil, token), of: token, &turn)
            let trouble = ProbeTrouble(.refused, text)
            let change = references.setRefusal(trouble, token)
            tell(change, of: token, &turn)
            // whoever watches the token hears of it too
            if let key, change != nil { tellWatchers(of: key, { _ in .trouble(.degraded, reason: trouble.doubt) }, &turn) }
            if let key, let doubt = doubt(of: token) { dismissWaiters(of: key, doubt, at: now, &turn) }
        case .unknown(let failure):
            if case .answered(let seconds?) = failure.law { pause = .seconds(seconds) }
            tell(references.setHindrance(ProbeTrouble(failure), token), of: token, &turn)
            if let key { dismissWaiters(of: key, Refusal(.unavailable, [], "nobody could tell whether the token is good: \(failure.text)"), at: now, &turn) }
        }
        let interval = Double(Int64.seconds(references[token]?.subject.probe.every ?? ReferenceSettings.Probe.defaultInterval))
        setLook(token, in: max(pause, Int64(interval * (0.9 + 0.2 * jitter.fraction()))), at: now)
    }

    private mutating func foresee(_ end: Int64, _ token: TokenName, at now: Moment) {
        guard end > now.wall, references.setEnd(end, token) else { return }
        grants.noteWarnings(token, 0)
        scheduleWarning(token, at: now)
    }

    /// Once when trouble begins, and once when it ends.
    private func tell(_ change: References.Change?, of token: TokenName, _ turn: inout Turn) {
        guard let change else { return }
        if let before = change.before { turn.events.append(.probeTroubleEnded(token, change.id, before.kind, isHealed: true)) }
        if let trouble = change.now { turn.events.append(.probeTrouble(token, change.id, trouble)) }
    }
}

extension ProbeTrouble {
    /// As STATUS and WATCH say it.
    fileprivate var doubt: String { "the token is not taken any more: \(text); it is served all the same, have it reissued" }
}
