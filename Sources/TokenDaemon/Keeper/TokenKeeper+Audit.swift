internal import Secrets
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    func handedOut(_ held: HeldToken, _ query: AuthorisedQuery, _ caller: Caller) -> AuditEntry {
        var entry = AuditEntry(.handedOut, .ready, token: query.key.token, tokenID: held.id, consumer: query.key.consumer, caller: caller)
        entry.rule = query.rule?.description
        entry.share = query.share
        entry.scopes = held.scopes
        entry.expires = held.expires
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

extension Refusal {
    /// `[audit] required`, and the journal does not take the entry.
    static let unrecorded = Refusal(.unavailable, [Field("reason", "audit"), Field("retry-after", 1)], "the hand-out could not be recorded")
}
