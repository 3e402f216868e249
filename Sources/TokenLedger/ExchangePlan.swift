package import OAuth
package import Secrets
package import TokenWire

/// What goes on the belt: one exchange, decided, with all that is needed to do it.
package struct ExchangePlan: Sendable {
    /// Names this flight; never used twice in a process.
    package var id: UInt64
    package var token: TokenName
    package var application: Application
    package var grant: GrantRequest
    /// Seconds the whole exchange may take, discovery included.
    package var timeout: Int

    package init(id: UInt64, token: TokenName, application: Application, grant: GrantRequest, timeout: Int) {
        self.id = id
        self.token = token
        self.application = application
        self.grant = grant
        self.timeout = timeout
    }
}

/// What came back for a plan.
package struct ExchangeReport: Sendable {
    package var plan: UInt64
    package var outcome: ExchangeOutcome
    /// The moment before the token request was sent: a lifetime counts from here (TR-06).
    package var sent: Moment
    /// Of the access token; made at the edge, where SHA-256 is. `nil` for a failure.
    package var id: Fingerprint?
    /// Nanoseconds from first request to outcome.
    package var took: Int64

    package init(plan: UInt64, outcome: ExchangeOutcome, sent: Moment, id: Fingerprint?, took: Int64) {
        self.plan = plan
        self.outcome = outcome
        self.sent = sent
        self.id = id
        self.took = took
    }
}
