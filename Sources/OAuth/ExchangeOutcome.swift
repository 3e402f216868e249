package import Secrets

/// The result of an exchange at the token endpoint.
package typealias ExchangeOutcome = Result<IssuedTokens, ExchangeFailure>

/// A valid token response. Every token in it satisfies `Secret.isBearerToken`; a refresh token satisfies `Secret.isRefreshToken`.
package struct IssuedTokens: Sendable {
    package var accessToken: Secret
    /// `expires_in` in seconds, from 0 to ten years. `nil` if the server did not send it (TR-04).
    package var lifetime: Int64?
    /// The granted scopes in the server's order. `nil` if the server did not send them: they are as requested (TR-07).
    package var scopes: [String]?
    package var refreshToken: Secret?
    /// The lifetime of the refresh token in seconds, as the server sent it. Only a hint: a refresh token may become invalid at any time (TR-18).
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
    /// Splits granted scopes that the server separates by commas (GitHub, Slack, LinkedIn). A comma may also be part of a scope (RFC 6749 section
    /// 3.3), so a requested scope is never split.
    package func separatingScopes(asked: [String]) -> IssuedTokens {
        guard let scopes, scopes.contains(where: { $0.utf8.contains(UInt8(ascii: ",")) }) else { return self }
        var tokens = self
        tokens.scopes = scopes.flatMap { asked.contains($0) ? [$0] : $0.split(separator: ",").map(String.init) }.withoutRepeats
        return tokens
    }
}

/// A failed exchange, classified by how to retry.
package struct ExchangeFailure: Error, Hashable, Sendable {
    /// How to retry. No class is permanent.
    package enum Law: Hashable, Sendable {
        /// Nothing was sent, or TLS failed before it was: retry with back-off.
        case unsent
        /// The server answered and consumed nothing (429, 500, 503, `temporarily_unavailable`, an ID token that does not fit the clock): retry, but
        /// not before `retryAfter` seconds if the server sent them (limited to 1 s ... 1 h).
        case answered(retryAfter: Int?)
        /// The request was sent and there is no usable answer (no complete response, 408, 502, 504, a malformed 2xx): the server may have acted.
        case unknown
        /// A redirect, or a 4xx without a readable `error`: it may be from a gateway, so it is not the server's final answer.
        case silent
        /// The code, the refresh token or the session has ended (`invalid_grant`, `login_required`).
        case no
        /// Rejected until the registration or the configuration is changed (`invalid_client`, `invalid_scope`, a wrong issuer). Retried once an hour.
        case configuration
    }
    /// What the back-off applies to: the server, this client, or this credential.
    package enum Reach: Hashable, Sendable { case server, client, credential }

    package var law: Law
    package var reach: Reach

    /// Whether another attempt may succeed without a change by a person.
    package var mayPass: Bool {
        switch law {
        case .unsent, .answered, .unknown, .silent: true
        case .no, .configuration: false
        }
    }

    /// The `error` of the server: printable ASCII, at most 64 bytes.
    package var oauthError: String?
    /// The HTTP status of the response, if there was one.
    package var status: Int?
    /// The transport fault, if there was no response.
    package var fault: TransportFault.Kind?
    /// Two clocks differ: retry as soon as this machine's clock is set.
    package var isAboutClocks: Bool
    /// The operation and its result in one line that is safe to log and to show ("the token endpoint answered 503").
    package var text: String
    /// The response to a token request is complete but unusable (a form, no access token): nothing was lost in transit.
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
