internal import OAuth
package import TokenLedger
internal import TokenWire
extension AuditEntry {
    /// What the ledger says happened, as the journal tells it (LOG-03).
    package init(_ event: LedgerEvent, _ configuration: Configuration, at now: Moment) {
        switch event {
        case .renewed(let key, let held, let previous, let cause, let took):
            self.init(.renewed, .issued, token: key.token, tokenID: held.id, consumer: key.consumer)
            (previousID, self.cause, duration, scopes, expires) = (previous, cause, took, held.scopes, held.expires)
            remaining = held.lifetime / .seconds(1)
        case .failed(let key, let refusal, let failure, let cause, let nextTry, let serving, let took):
            let priority: AuditPriority = serving > 0 ? .warning : .error
            let decision = failure.map { AuditDecision($0.law) } ?? AuditDecision(refusal.code)
            self.init(.renewalFailed, decision, priority: priority, token: key.token, consumer: key.consumer, text: refusal.text)
            (self.cause, oauthError, status, duration) = (cause, failure?.oauthError, failure?.status, took)
            remaining = serving > 0 ? serving / .seconds(1) : nil
            retryAfter = nextTry.map { Int($0 / .seconds(1)) }
            reason = refusal.value("reason")
        case .recovered(let token, let consumer, let failures):
            self.init(.recovered, token: token, consumer: consumer, text: "after \(failures) failure\(failures == 1 ? "" : "s")")
        case .ranOut(let key, let refusal):
            self.init(.trouble, .unavailable, priority: .error, token: key.token, consumer: key.consumer, reason: "ran-out", text: refusal.text)
        case .signedIn(let token, let held, let subject, let caller, let until, let isRenewable):
            self.init(
                .signedIn, .allowed, token: token, tokenID: held.id, consumer: caller.map { .uid($0.uid) }, caller: caller,
                text: isRenewable ? nil : "the server gave no refresh token, so the access token cannot be renewed")
            (self.subject, scopes, expires) = (subject, held.scopes, held.expires)
            remaining = until.map { $0 - now.wall }
        case .signInFailed(let token, let refusal, let caller):
            self.init(.signInFailed, AuditDecision(refusal.code), token: token, consumer: .uid(caller.uid), caller: caller, text: refusal.text)
            (reason, oauthError) = (refusal.value("reason"), refusal.value("oauth-error"))
        case .signedOut(let token, let caller, let isRevoked, let trouble):
            self.init(
                .signedOut, .allowed, token: token, consumer: .uid(caller.uid), caller: caller,
                text: isRevoked ? "revoked at the server" : "forgotten here" + (trouble.map { "; the server was not told: " + $0 } ?? ""))
            if trouble != nil { priority = .warning }
        case .imported(let token, let id, let caller, let expires):
            self.init(.imported, .allowed, token: token, tokenID: id, consumer: .uid(caller.uid), caller: caller)
            self.expires = expires
        case .endsSoon(let token, let end, let seconds):
            let isReference = configuration.tokens[token]?.grant.kind == .reference
            self.init(.endsSoon, token: token, text: isReference ? "have it reissued" : "somebody has to sign in again (tokenctl login \(token))")
            (expires, remaining) = (.at(end), seconds)
        case .loginRequired(let token, let refusal):
            self.init(.loginRequired, .loginRequired, token: token, text: refusal.text)
            (reason, oauthError) = (refusal.value("reason"), refusal.value("oauth-error"))
        case .shortLived(let token, let seconds):
            self.init(
                .trouble, token: token, reason: "short-lived",
                text: "the tokens of \"\(token)\" live \(seconds) s, which is hardly enough to use one; have the server give them a longer life")
        case .locked(let token, let text):
            self.init(.trouble, .refused, priority: .error, token: token, reason: "locked", text: "the record of \"\(token)\" cannot be opened: \(text)")
        case .storeFailed(let token, let fault):
            self.init(.trouble, .unavailable, priority: .error, token: token, reason: "store", text: fault.text)
        case .storeRecovered(let token):
            self.init(.troubleEnded, token: token, reason: "store", text: "what had to be kept for \"\(token)\" is on the disk")
        case .storeNote(let token, let text): self.init(.trouble, token: token, reason: "store-note", text: text)
        case .notRevoked(let token, let text):
            self.init(.trouble, token: token, reason: "not-revoked", text: "a refresh token of \"\(token)\" that is out of use lives on at the server: \(text)")
        case .revoked(let token):
            self.init(.troubleEnded, token: token, reason: "not-revoked", text: "the server has revoked the refresh token of \"\(token)\" that was out of use")
        case .unconfigured(let token, let text): self.init(.trouble, token: token, reason: "unconfigured", text: text)
        case .unconfiguredEnded(let token):
            self.init(
                .troubleEnded, token: token, reason: "unconfigured",
                text: "nothing of \"\(token)\" is in the store any more that the configuration does not use")
        case .probeTrouble(let token, let id, let trouble): self.init(trouble, of: token, id)
        case .probeTroubleEnded(let token, let id, let kind, let isHealed): self.init(theEndOf: kind, token, id, isHealed: isHealed)
        case .referenceRejected(let token, let id):
            self.init(
                .trouble, token: token, tokenID: id, reason: "reference-rejected",
                text: "an API did not take the reference token of \"\(token)\"; it may be revoked: have it reissued")
        }
        let server = token.flatMap { configuration.applications[String($0.application)] }?.server
        issuer = server?.location.address
        grant = token.flatMap { configuration.tokens[$0]?.grant.kind }
    }
}

extension Refusal {
    fileprivate func value(_ key: String) -> String? { fields.first { $0.key == key }?.value }
}
