internal import OAuth
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    func handedOut(_ held: HeldToken, _ key: CacheKey, _ caller: Caller) -> AuditEntry {
        var entry = AuditEntry(.handedOut, .ready, token: key.token, tokenID: held.id, consumer: key.consumer, caller: caller)
        entry.scopes = held.scopes
        entry.expires = .at(held.expires)
        return entry
    }

    func refused(_ refusal: Refusal, _ name: String, _ consumer: Consumer?, _ caller: Caller) -> AuditEntry {
        var entry = AuditEntry(.refused, AuditDecision(refusal.code), token: policy.token(named: name)?.name, consumer: consumer, caller: caller)
        // a denial names what was asked for; a name that nobody configured is not worth a journal line of its own
        entry.text = refusal.code == .denied ? nil : refusal.text
        entry.reason = refusal.fields.first { $0.key == "reason" }?.value
        entry.oauthError = refusal.fields.first { $0.key == "oauth-error" }?.value
        return entry
    }
}

extension AuditEntry {
    /// What the ledger says happened, as the journal tells it.
    init(_ event: LedgerEvent, _ configuration: Configuration) {
        switch event {
        case .renewed(let key, let held, let previous, _, let took):
            self.init(.renewed, .issued, token: key.token, tokenID: held.id, consumer: key.consumer)
            (previousID, duration, scopes, expires) = (previous, took, held.scopes, .at(held.expires))
            remaining = held.lifetime / .seconds(1)
        case .failed(let key, let refusal, let failure, _, let nextTry, let serving, let took):
            let priority: AuditPriority = serving > 0 ? .warning : .error
            let decision = failure.map { AuditDecision($0.law) } ?? AuditDecision(refusal.code)
            self.init(.renewalFailed, decision, priority: priority, token: key.token, consumer: key.consumer, text: refusal.text)
            (oauthError, status, duration) = (failure?.oauthError, failure?.status, took)
            remaining = serving / .seconds(1)
            retryAfter = nextTry.map { Int($0 / .seconds(1)) }
            reason = refusal.fields.first { $0.key == "reason" }?.value
        case .recovered(let key, let failures):
            self.init(.recovered, token: key.token, consumer: key.consumer)
            held = UInt64(failures)
        case .ranOut(let key, let refusal):
            self.init(.trouble, .unavailable, priority: .error, token: key.token, consumer: key.consumer, reason: "ran-out", text: refusal.text)
        }
        let server = token.flatMap { configuration.applications[String($0.application)] }?.server
        issuer = server?.location.address
    }
}

extension ServerLocation {
    /// What an administrator knows the server by.
    var address: String {
        switch self {
        case .issuer(let url): url
        case .erpnet(let root, let issuer): issuer ?? root
        }
    }
}
