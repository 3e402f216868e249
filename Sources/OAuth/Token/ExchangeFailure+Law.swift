extension ExchangeFailure {
    /// The type of the request, which determines the meaning of a response.
    enum Sent: Hashable, Sendable, CaseIterable {
        /// Client credentials. Repeating the request consumes nothing.
        case clientCredentials
        /// An authorization code. The server may have invalidated it, whatever it answered.
        case code
        /// A refresh token of a sign-in, or one that was refreshed before: the form of the request is known to be correct.
        case provenRefreshToken
        /// An imported refresh token that was not refreshed yet.
        case importedRefreshToken
        /// A revocation, an introspection or a request for public documents. Repeating it consumes nothing.
        case question

        /// Whether the server may have acted on the request if its response is lost, so that a repetition may have another effect.
        fileprivate var isToken: Bool { self != .question }
    }
}

extension ExchangeFailure.Law {
    /// Classifies a response without a token, by its status and its `error` (RFC 6749 section 5.2).
    ///
    /// | status | `error` | class |
    /// |---|---|---|
    /// | 429, 500, 503 | any | `answered` |
    /// | 408, 501 and above | any | `unknown`; `answered` for a question |
    /// | 2xx | none | `unknown`; `answered` for a question |
    /// | 3xx | any | `silent`: redirects are never followed |
    /// | 2xx, 4xx | `temporarily_unavailable` and similar | `answered` |
    /// | 2xx, 4xx | `invalid_grant` and similar | `no`, if a code or a refresh token was sent |
    /// | 2xx, 4xx | any other | `configuration` |
    /// | 4xx | none | `silent` |
    ///
    /// - Parameters:
    ///   - error: as the server sent it; `nil` if none could be read.
    ///   - retryAfter: the seconds that the server asked for.
    init(status: Int, error: String?, to sent: ExchangeFailure.Sent, retryAfter: Int?) {
        // some frameworks send the reason phrase as `error`
        let error = error.flatMap { Self.phrases.contains($0) ? nil : $0 }
        switch status {
        case 429, 500, 503: self = .answered(retryAfter: retryAfter)
        case 408, 501...: self = sent.isToken ? .unknown : .answered(retryAfter: retryAfter)
        case 300..<400: self = .silent
        case 400...: self = error.map { Self(error: $0, to: sent, retryAfter: retryAfter) } ?? .silent
        default:
            self = error.map { Self(error: $0, to: sent, retryAfter: retryAfter) } ?? (sent.isToken ? .unknown : .answered(retryAfter: retryAfter))
        }
    }

    /// Uses the code only: descriptions are for people, and servers disagree about the status (ERR-01).
    private init(error: String, to sent: ExchangeFailure.Sent, retryAfter: Int?) {
        if Self.passing.contains(error) {
            self = .answered(retryAfter: retryAfter)
        } else {
            self = Self.isEnd(error, of: sent) ? .no : .configuration
        }
    }

    /// Whether the error means that the code, the refresh token or its session has ended.
    private static func isEnd(_ error: String, of sent: ExchangeFailure.Sent) -> Bool {
        switch sent {
        case .clientCredentials, .question: false
        case .code, .importedRefreshToken: ended.contains(error)
        // the form of the request was accepted before, so the token is invalid
        case .provenRefreshToken: ended.contains(error) || error == "invalid_request"
        }
    }

    /// Reason phrases of RFC 9110 section 15.5. Spring and other frameworks send them as `error` if no endpoint has answered.
    private static let phrases: Set<String> = [
        "Bad Request", "Unauthorized", "Payment Required", "Forbidden", "Not Found", "Method Not Allowed", "Not Acceptable", "Conflict", "Gone",
        "Unsupported Media Type", "Misdirected Request", "Too Early",
    ]

    /// Temporary errors. RFC 6749 section 4.1.2.1 and RFC 8628 section 3.5; the others are from Amazon, Auth0, Okta, Slack and gateways.
    private static let passing: Set<String> = [
        "temporarily_unavailable", "server_error", "internal_failure", "internal_error", "internal_server_error", "service_unavailable", "slow_down",
        "rate_limit_exceeded", "rate_limited", "ratelimited", "too_many_requests", "throttled",
    ]

    /// The refresh token, the session or the consent has ended. RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 8628 section 3.5, RFC 9470, OpenID
    /// Connect Core section 3.1.2.6; the others are from Auth0 and GitHub.
    private static let ended: Set<String> = [
        "invalid_grant", "invalid_token", "invalid_refresh_token", "bad_refresh_token", "refresh_token_expired", "expired_token", "access_denied",
        "interaction_required", "login_required", "consent_required", "account_selection_required", "insufficient_user_authentication", "mfa_required",
    ]
}

extension ExchangeFailure.Reach {
    /// What must back off after the response: a 429 concerns the client, a 503 the server.
    init(status: Int, error: String?) {
        switch (status, error) {
        case (503, _): self = .server
        case (429, _), (_, "slow_down"?), (_, "rate_limit_exceeded"?), (_, "too_many_requests"?): self = .client
        default: self = .credential
        }
    }
}
