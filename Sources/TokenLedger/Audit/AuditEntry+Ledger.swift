internal import OAuth
internal import TokenWire
extension AuditEntry {
    /// What the ledger says happened, as the journal tells it (LOG-03).
    package init(_ event: LedgerEvent, _ configuration: Configuration) {
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
            remaining = serving > 0 ? serving / .seconds(1) : nil
            retryAfter = nextTry.map { Int($0 / .seconds(1)) }
            reason = refusal.fields.first { $0.key == "reason" }?.value
        case .recovered(let key, let failures):
            self.init(.recovered, token: key.token, consumer: key.consumer, text: "after \(failures) failure\(failures == 1 ? "" : "s")")
        case .ranOut(let key, let refusal):
            self.init(.trouble, .unavailable, priority: .error, token: key.token, consumer: key.consumer, reason: "ran-out", text: refusal.text)
        }
        let server = token.flatMap { configuration.applications[String($0.application)] }?.server
        issuer = server?.location.address
        grant = token.flatMap { configuration.tokens[$0]?.grant.kind }
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
