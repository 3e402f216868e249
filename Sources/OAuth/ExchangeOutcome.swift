package import Secrets

/// How an exchange at the token endpoint ended.
package typealias ExchangeOutcome = Result<IssuedTokens, ExchangeFailure>

/// A well-formed success. Every token in it passed `Secret.isBearerToken`, a refresh token `Secret.isRefreshToken`.
package struct IssuedTokens: Sendable {
    package var accessToken: Secret
    /// `expires_in` in seconds, at least 0, clamped to ten years; `nil` when the server did not say (TR-04).
    package var lifetime: Int64?
    /// What the server granted, in its order; `nil` when it did not say: as requested (TR-07).
    package var scopes: [String]?
    package var refreshToken: Secret?
    /// What the server said about the refresh token's life, in seconds; a hint, for a refresh token may die at any time (TR-18).
    package var refreshLifetime: Int64?
    package var idToken: Secret?

    package init(
        accessToken: Secret, lifetime: Int64?, scopes: [String]?, refreshToken: Secret? = nil, refreshLifetime: Int64? = nil, idToken: Secret? = nil
    ) {
        self.accessToken = accessToken
        self.lifetime = lifetime
        self.scopes = scopes
        self.refreshToken = refreshToken
        self.refreshLifetime = refreshLifetime
        self.idToken = idToken
    }
}

extension IssuedTokens {
    /// With granted scopes that a server separates by commas (GitHub, Slack, LinkedIn) taken apart. A comma may also be part of a scope (RFC 6749
    /// section 3.3), so one that was asked for stays whole.
    package func separatingScopes(asked: [String]) -> IssuedTokens {
        guard let scopes, scopes.contains(where: { $0.utf8.contains(UInt8(ascii: ",")) }) else { return self }
        var tokens = self
        tokens.scopes = scopes.flatMap { asked.contains($0) ? [$0] : $0.split(separator: ",").map(String.init) }.withoutRepeats
        return tokens
    }
}

/// A failed exchange, named after what to do next.
package struct ExchangeFailure: Error, Hashable, Sendable {
    /// What to do next. None of them is for ever.
    package enum Law: Hashable, Sendable {
        /// Nothing was sent, or TLS ended before it was: retry with back-off.
        case unsent
        /// An answer that consumed nothing (429, 500, 503, `temporarily_unavailable`, an ID token that does not fit the clock): retry, not before
        /// `retryAfter` seconds where the server named them (clamped to 1 s ... 1 h).
        case answered(retryAfter: Int?)
        /// Sent and no full answer, 408, 502, 504, a malformed 2xx: the server may have acted.
        case unknown
        /// A redirect, or a 4xx without a readable `error`: a gateway may have said it, so it is not the server's last word.
        case silent
        /// The code, the refresh token or the session is over (`invalid_grant`, `login_required`).
        case no
        /// Refused until registration or configuration change (`invalid_client`, `invalid_scope`, an issuer that does not match); tried once an hour.
        case configuration
    }
    /// What a failure cools: everything at this server, this client of it, or this credential alone.
    package enum Reach: Hashable, Sendable { case server, client, credential }

    package var law: Law
    package var reach: Reach

    /// Nobody has to do anything before another attempt may succeed.
    package var mayPass: Bool {
        switch law {
        case .unsent, .answered, .unknown, .silent: true
        case .no, .configuration: false
        }
    }

    /// The server's `error`, printable ASCII of at most 64 bytes.
    package var oauthError: String?
    /// HTTP status of the answer, if there was one.
    package var status: Int?
    /// What kept an answer from coming, if there was none.
    package var fault: TransportFault.Kind?
    /// Two clocks differ: worth a try as soon as this machine's is set.
    package var isAboutClocks: Bool
    /// What was attempted and what came of it, in one calm line: safe to log and to show ("the token endpoint answered 503").
    package var text: String
    /// The answer to a token request came whole and is of no use (a form, no access token): nothing was lost on its way.
    package var cameWhole = false

    package init(
        law: Law, reach: Reach, oauthError: String? = nil, status: Int? = nil, fault: TransportFault.Kind? = nil, isAboutClocks: Bool = false, text: String
    ) {
        self.law = law
        self.reach = reach
        self.oauthError = oauthError
        self.status = status
        self.fault = fault
        self.isAboutClocks = isAboutClocks || fault == .certificateTime
        self.text = text
    }
}
