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

    /// What an ID token has to say, where one may come.
    package var identity: IdentityCheck?
    package var cause: Cause
    /// What the token is wanted for, whether or not the request names it.
    package var scopes: [String]

    package init(
        id: UInt64, token: TokenName, application: Application, grant: GrantRequest, timeout: Int, identity: IdentityCheck? = nil, cause: Cause = .asked,
        scopes: [String] = []
    ) {
        self.id = id
        self.token = token
        self.application = application
        self.grant = grant
        self.timeout = timeout
        self.identity = identity
        self.cause = cause
        self.scopes = scopes
    }
}

/// What an ID token is held against, as far as it is known before one comes; the issuer and the clock are known to whoever checks it.
package enum IdentityCheck: Sendable {
    /// A person has signed in. `front`: the ID token that came through the browser beside the code, to be believed before the code is
    /// sent. `asked`: when the sign-in began, in seconds since the epoch.
    case signIn(AuthorizationRequest, code: Secret, front: Secret?, asked: Int64)
    /// A refresh cannot bring another person. `earlier`: the ID token that came before.
    case refresh(subject: String?, earlier: Secret?)
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
    /// A refresh token that came with status 200, however unusable the rest was: the one that was sent may be spent.
    package var successor: Secret?
    /// Who has signed in, where an ID token was checked.
    package var identity: VerifiedIdentity?
    /// It came to a token request. Without one the failure is about the metadata, and nothing can be spent.
    package var isRequested: Bool

    package init(
        plan: UInt64, outcome: ExchangeOutcome, sent: Moment, id: Fingerprint?, took: Int64, successor: Secret? = nil, identity: VerifiedIdentity? = nil,
        isRequested: Bool = true
    ) {
        self.plan = plan
        self.outcome = outcome
        self.sent = sent
        self.id = id
        self.took = took
        self.successor = successor
        self.identity = identity
        self.isRequested = isRequested
    }
}
