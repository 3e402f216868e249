internal import Secrets
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

/// What systemd asks for on behalf of a unit that starts.
extension TokenKeeper {
    /// The token that a credential id means. `wait` in seconds.
    func credential(_ id: String, _ number: UInt64, from asker: any Asker, wait: Int = AccessPolicy.credentialWait) -> Taken {
        switch policy.authorise(credential: id, for: asker.caller, wait: wait) {
        case .failure(let refusal): return .reply(refuseCredential(refusal, id, nil, asker))
        case .success(let query):
            let waiter = makeNumber()
            let request = Pending(asker: asker, number: number, kind: .credential(id: id), deadline: deadline(wait))
            let turn = put { $0.ask(query, waiter: waiter, patience: .token, at: now) }
            guard let answer = perform(turn, mine: waiter) else {
                pending[waiter] = request
                return .later(waiter)
            }
            guard let reply = credentialReply(id, answer, request) else {
                postpone(waiter, request)
                return .later(waiter)
            }
            return .reply(reply)
        }
    }

    /// Words what came of it. The rule is looked at once more: it may have gone meanwhile. `nil` where a limit was met that passes while there
    /// is time left: the unit could not come back, so it is asked for again.
    func credentialReply(_ id: String, _ answer: Answer, _ request: Pending) -> Reply? {
        let asker = request.asker
        let query: AuthorisedQuery
        switch policy.authorise(credential: id, for: asker.caller) {
        case .success(let authorised): query = authorised
        case .failure(let refusal): return refuseCredential(refusal, id, nil, asker)
        }
        switch answer {
        case .token(let held):
            var entry = handedOut(held, query, asker.caller)
            entry.request = AuditEntry.loadCredential
            guard audit.record(entry) != nil else {
                return mayPostpone(request) ? nil : refuseCredential(.unrecorded, id, query.key.consumer, asker)
            }
            return .token(held.served)
        case .refused(let refusal) where refusal.code == .busy && mayPostpone(request): return nil
        case .refused(let refusal): return refuseCredential(explained(refusal, query.key), id, query.key.consumer, asker)
        // nobody is told what another kind of request asked for
        case .signIn: return .refused(Refusal(.internal, [], "the answer does not fit the request"))
        }
    }

    // MARK: limits that pass

    private func mayPostpone(_ request: Pending) -> Bool { !isStopping && request.deadline - now.boot >= .seconds(1) }

    /// It waits here, and not in the ledger, until it is asked for again.
    func postpone(_ waiter: UInt64, _ request: Pending) {
        pending[waiter] = request
        postponed.append(waiter)
        if postponed.count == 1 { postponement?.set(at: now.boot + .seconds(1)) }
    }

    /// Asks once more for what met a limit, in the order in which it did.
    func resumePostponed() {
        let due = postponed
        postponed = []
        for waiter in due {
            guard let request = pending.removeValue(forKey: waiter), case .credential(let id) = request.kind else { continue }
            let wait = max(0, Int((request.deadline - now.boot) / .seconds(1)))
            switch credential(id, request.number, from: request.asker, wait: wait) {
            case .reply(let reply): deliver { request.asker.hear(request.number, reply) }
            case .later(let next): request.asker.movedWait(request.number, to: next)
            case .watching, .listing: break
            }
        }
    }

    /// The daemon stops: nothing is asked for again.
    func endPostponed() {
        let due = postponed
        postponed = []
        for waiter in due { resolve(waiter, .refused(.stopping)) }
    }

    /// Whoever asks the credential socket without being systemd gets nothing.
    func refuseCredential(to caller: Caller, _ doubt: CredentialRequestError) {
        var entry = AuditEntry(.refused, .denied, caller: caller, reason: doubt.reason, text: doubt.sentence)
        entry.request = AuditEntry.loadCredential
        entry.share = .starting(caller)
        audit.record(entry)
    }

    func refuseCredential(_ refusal: Refusal, _ id: String, _ consumer: Consumer?, _ asker: any Asker) -> Reply {
        var entry = refused(refusal, policy.token(ofCredential: id)?.name.description ?? id, consumer, asker.caller)
        entry.request = AuditEntry.loadCredential
        entry.text = refusal.text
        entry.share = .starting(asker.caller)
        audit.record(entry)
        return .refused(refusal)
    }

    /// Nobody but the journal hears of it, so it has to say what the wait was for.
    private func explained(_ refusal: Refusal, _ key: CacheKey) -> Refusal {
        guard refusal.code == .timeout else { return refusal }
        let status = ledger.status(of: key, at: now)
        let why = status.reason.map { ": \($0)" } ?? ""
        let held = status.expires == nil ? "" : "; the token that is held has less than half of its life left"
        return Refusal(.timeout, refusal.fields, "no token within \(AccessPolicy.credentialWait) s" + why + held)
    }
}

extension CredentialRequestError {
    fileprivate var reason: String {
        switch self {
        case .notRoot: "not-root"
        case .address: "address"
        case .otherUnit: "other-unit"
        case .gone: "gone"
        }
    }

    fileprivate var sentence: String {
        switch self {
        case .notRoot: "only root's processes may ask the credential socket"
        case .address: "the peer is not bound to an address of systemd's form; LoadCredential= in a service makes it"
        case .otherUnit(let unit): "the peer asks for \(quoted(unit)) and runs elsewhere"
        case .gone: "the peer ended before it could be looked at"
        }
    }
}

extension Share {
    /// systemd asks for a unit, whether or not a rule names it; or root for itself.
    fileprivate static func starting(_ caller: Caller) -> Share {
        if case .unit(let name) = caller.unit { return Share(.unit(name), .unit(name)) }
        return Share(.root, .uid(caller.uid))
    }
}
