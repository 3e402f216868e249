internal import OAuth
package import Secrets
package import TokenWire

extension AuditEntry {
    /// What came of an exchange (LOG-03). `consumer` is whose token it is, `held` the token that was held before and `expires` the
    /// new one's end as the ledger settled it; `remaining` and `retryAfter` in seconds, for a failure.
    package static func exchange(
        _ plan: ExchangePlan, _ report: ExchangeReport, issuer: String?, for consumer: Consumer?, held: Fingerprint? = nil,
        expires: Expiry? = nil, remaining: Int64? = nil, retryAfter: Int? = nil
    ) -> AuditEntry {
        var entry = switch report.outcome {
        case .success(let issued): issuance(issued, of: plan, report.id, replacing: held, expires: expires)
        case .failure(let failure): failed(failure, of: plan, held: held, remaining: remaining, retryAfter: retryAfter)
        }
        entry.token = plan.token
        entry.consumer = consumer
        entry.issuer = issuer
        entry.duration = report.took
        entry.grant = switch plan.grant {
        case .clientCredentials: .clientCredentials
        }
        return entry
    }

    private static func issuance(
        _ issued: IssuedTokens, of plan: ExchangePlan, _ id: Fingerprint?, replacing held: Fingerprint?, expires: Expiry?
    ) -> AuditEntry {
        var entry = AuditEntry(.renewed, .issued, tokenID: id)
        entry.previousID = held
        entry.scopes = issued.scopes ?? plan.requestedScopes
        entry.expires = expires
        entry.remaining = issued.lifetime
        return entry
    }

    private static func failed(
        _ failure: ExchangeFailure, of plan: ExchangePlan, held: Fingerprint?, remaining: Int64?, retryAfter: Int?
    ) -> AuditEntry {
        let serves = (remaining ?? 0) > 0
        var entry = AuditEntry(.renewalFailed, AuditDecision(failure.law), priority: serves ? .warning : .error, tokenID: held)
        entry.oauthError = failure.oauthError
        entry.status = failure.status
        entry.text = failure.text
        entry.remaining = remaining
        entry.retryAfter = retryAfter
        return entry
    }
}

extension ExchangePlan {
    fileprivate var requestedScopes: [String] {
        switch grant {
        case .clientCredentials(let scopes, _): scopes
        }
    }
}
