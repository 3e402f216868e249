internal import Secrets
internal import Systemd
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
            let turn = put { $0.ask(query, waiter: waiter, patience: .token, at: now) }
            return conclude(turn, waiter, Pending(asker: asker, number: number, kind: .credential(id: id), deadline: deadline(wait)))
        }
    }

    /// Words what came of it. The rule is looked at once more: it may have gone meanwhile.
    func credentialReply(_ id: String, _ answer: Answer, for asker: any Asker) -> Reply {
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
                return refuseCredential(.unrecorded, id, query.key.consumer, asker)
            }
            return .token(held.served)
        case .refused(let refusal): return refuseCredential(explained(refusal, query.key), id, query.key.consumer, asker)
        // nobody is told what another kind of request asked for
        case .signIn: return .refused(Refusal(.internal, [], "the answer does not fit the request"))
        }
    }

    /// Whoever asks the credential socket without being systemd gets nothing.
    func refuseCredential(to caller: Caller, _ doubt: CredentialDoubt) {
        var entry = AuditEntry(.refused, .denied, caller: caller, reason: doubt.reason, text: doubt.sentence)
        entry.request = AuditEntry.loadCredential
        audit.record(entry)
    }

    func refuseCredential(_ refusal: Refusal, _ id: String, _ consumer: Consumer?, _ asker: any Asker) -> Reply {
        var entry = refused(refusal, policy.token(ofCredential: id)?.name.description ?? id, consumer, asker.caller)
        entry.request = AuditEntry.loadCredential
        entry.text = refusal.text
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

extension CredentialDoubt {
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
