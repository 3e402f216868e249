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
        guard let trouble = probes[token]?.refusal else { return nil }
        return Refusal(.refused, [Field("reason", trouble.kind.rawValue)], trouble.doubt)
    }

    /// The end of a token that the server told when it was asked about it, where nobody else has said.
    func toldEnd(_ token: TokenName, _ reference: ReferenceSettings) -> Int64? {
        let said = reference.value == nil ? holdings[token]?.record?.expires ?? reference.expires : reference.expires
        return said == nil ? probes[token]?.end : nil
    }

    // MARK: when

    /// Begins with a token that has come, changed or gone; goes on undisturbed with one that is as before. The first look is
    /// somewhere within the first interval, ten minutes at most: a thousand tokens are not all looked at when the daemon starts.
    mutating func scheduleProbe(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let subject = probeSubject(token) else { return endProbe(token, &turn) }
        guard probes[token]?.subject != subject else { return }
        if probes[token]?.subject.id == subject.id {
            // the same token: what is known of it stays until the next look
            probes[token]?.subject = subject
            probes[token]?.errand = nil
        } else {
            endProbe(token, &turn)
            probes[token] = ProbeState(of: subject)
        }
        setLook(token, in: Int64(Double(min(.seconds(subject.probe.every), pace.catchUp)) * jitter.fraction()), at: now)
    }

    /// Of tokens that are no longer configured, or no longer looked at.
    mutating func endProbes(_ turn: inout Turn) {
        for token in probes.keys where probeSubject(token) == nil { endProbe(token, &turn) }
    }

    private mutating func endProbe(_ token: TokenName, _ turn: inout Turn) {
        looks.set(token, at: nil)
        guard let state = probes.removeValue(forKey: token) else { return }
        for trouble in [state.refusal, state.hindrance].compactMap(\.self) {
            turn.events.append(.probeTroubleEnded(token, state.subject.id, trouble.kind, isHealed: false))
        }
    }

    private mutating func setLook(_ token: TokenName, in pause: Int64, at now: Moment) {
        looks.set(token, at: isStopping ? nil : now.boot + pause)
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
        guard !isStopping, let state = probes[token], state.errand == nil, let settings = configuration.tokens[token],
            let held = cache.held(settings.soleKey)
        else { return }
        guard errands.probeCount < Self.looksAtOnce else { return setLook(token, in: .seconds(1) + Int64(Double(Int64.seconds(9)) * jitter.fraction()), at: now) }
        looks.set(token, at: nil)
        let errand = Errand.probe(held.token, state.subject.probe.way, state.subject.header)
        run(errand, for: token, state.subject.application, .probe(token), &turn)
        probes[token]?.errand = turn.errands.last?.id
    }

    /// Takes in what a look has shown.
    mutating func looked(at token: TokenName, _ report: ErrandReport, at now: Moment, _ turn: inout Turn) {
        guard probes[token]?.errand == report.id, case .probed(let health) = report.result else { return }
        probes[token]?.errand = nil
        // it may have ended or been replaced meanwhile
        guard probes[token]?.subject == probeSubject(token) else { return scheduleProbe(token, at: now, &turn) }
        var pause: Int64 = 0
        let key = configuration.tokens[token]?.soleKey
        switch health {
        case .good(let end):
            end.map { foresee($0, token, at: now) }
            setHindrance(nil, token, &turn)
            setRefusal(nil, token, &turn)
            if let key { satisfyWaiters(of: key, at: now, &turn) }
        case .refused(let text):
            setHindrance(nil, token, &turn)
            setRefusal(ProbeTrouble(.refused, text), token, &turn)
            if let key, let doubt = doubt(of: token) { dismissWaiters(of: key, doubt, at: now, &turn) }
        case .unknown(let failure):
            if case .answered(let seconds?) = failure.law { pause = .seconds(seconds) }
            setHindrance(ProbeTrouble(failure), token, &turn)
            if let key { dismissWaiters(of: key, Refusal(.unavailable, [], "nobody could tell whether the token is good: \(failure.text)"), at: now, &turn) }
        }
        let interval = Double(Int64.seconds(probes[token]?.subject.probe.every ?? ReferenceSettings.Probe.defaultInterval))
        setLook(token, in: max(pause, Int64(interval * (0.9 + 0.2 * jitter.fraction()))), at: now)
    }

    private mutating func foresee(_ end: Int64, _ token: TokenName, at now: Moment) {
        guard probes[token]?.end != end, end > now.wall else { return }
        probes[token]?.end = end
        holdings[token]?.warnings = 0
        scheduleWarning(token, at: now)
    }

    /// Whoever watches the token hears of it too.
    private mutating func setRefusal(_ trouble: ProbeTrouble?, _ token: TokenName, _ turn: inout Turn) {
        let before = probes[token]?.refusal
        probes[token]?.refusal = trouble
        guard tell(trouble, instead: before, of: token, &turn), let trouble, let key = configuration.tokens[token]?.soleKey else { return }
        tellWatchers(of: key, { _ in .trouble(.degraded, reason: trouble.doubt) }, &turn)
    }

    /// While somebody has to change something, it makes no difference that the server is away as well.
    private mutating func setHindrance(_ trouble: ProbeTrouble?, _ token: TokenName, _ turn: inout Turn) {
        let before = probes[token]?.hindrance
        if before?.kind == .misconfigured, trouble?.kind == .unanswered { return }
        probes[token]?.hindrance = trouble
        _ = tell(trouble, instead: before, of: token, &turn)
    }

    /// Once when trouble begins, and once when it ends. Whether there was anything new.
    private func tell(_ trouble: ProbeTrouble?, instead before: ProbeTrouble?, of token: TokenName, _ turn: inout Turn) -> Bool {
        guard trouble?.kind != before?.kind, let id = probes[token]?.subject.id else { return false }
        if let before { turn.events.append(.probeTroubleEnded(token, id, before.kind, isHealed: true)) }
        if let trouble { turn.events.append(.probeTrouble(token, id, trouble)) }
        return true
    }
}

extension ProbeTrouble {
    /// As STATUS and WATCH say it.
    fileprivate var doubt: String { "the token is not taken any more: \(text); it is served all the same, have it reissued" }
}
