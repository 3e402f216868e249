extension ExchangeFailure {
    /// What was sent, as far as it decides what an answer means.
    enum Sent: Hashable, Sendable, CaseIterable {
        /// The client asked in its own name. Asking again spends nothing.
        case clientCredentials
        /// An authorization code: the server may have used it up, whatever it answered.
        case code
        /// A refresh token that a sign-in here brought, or that has refreshed before: the form of the request is known to be right.
        case provenRefreshToken
        /// A refresh token that was imported and has not refreshed yet.
        case importedRefreshToken
        /// A revocation, an introspection or a request for public documents. Asking again spends nothing.
        case question

        /// Whether the server may have acted on a request whose answer is lost, so that sending it again is another thing than sending it once.
        fileprivate var isToken: Bool { self != .question }
    }
}

extension ExchangeFailure.Law {
    /// The class of an answer that brought no token, by its status and the `error` of RFC 6749 section 5.2.
    ///
    /// | status | `error` | class |
    /// |---|---|---|
    /// | 429, 500, 503 | any | `answered` |
    /// | 408, 501 and above | any | `unknown`; `answered` to a question |
    /// | 2xx | none | `unknown`; `answered` to a question |
    /// | 3xx | any | `silent`: a redirect is never followed |
    /// | 2xx, 4xx | `temporarily_unavailable` and its like | `answered` |
    /// | 2xx, 4xx | `invalid_grant` and its like | `no`, where a code or a refresh token was sent |
    /// | 2xx, 4xx | any other | `configuration` |
    /// | 4xx | none | `silent` |
    ///
    /// - Parameters:
    ///   - error: as the server wrote it; `nil` where none could be read.
    ///   - retryAfter: seconds, as the server named them.
    init(status: Int, error: String?, to sent: ExchangeFailure.Sent, retryAfter: Int?) {
        // frameworks put the status in words where OAuth has its error
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

    /// By the word alone: descriptions are for people, and servers disagree about the status (ERR-01).
    private init(error: String, to sent: ExchangeFailure.Sent, retryAfter: Int?) {
        if Self.passing.contains(error) {
            self = .answered(retryAfter: retryAfter)
        } else {
            self = Self.isEnd(error, of: sent) ? .no : .configuration
        }
    }

    /// Whether the word ends what was sent: the code, or the refresh token and the session it belongs to.
    private static func isEnd(_ error: String, of sent: ExchangeFailure.Sent) -> Bool {
        switch sent {
        case .clientCredentials, .question: false
        case .code, .importedRefreshToken: ended.contains(error)
        // the form was right before, so it is the token that is not
        case .provenRefreshToken: ended.contains(error) || error == "invalid_request"
        }
    }

    /// Reason phrases of RFC 9110 section 15.5, which Spring and others write as `error` when no endpoint has answered.
    private static let phrases: Set<String> = [
        "Bad Request", "Unauthorized", "Payment Required", "Forbidden", "Not Found", "Method Not Allowed", "Not Acceptable", "Conflict", "Gone",
        "Unsupported Media Type", "Misdirected Request", "Too Early",
    ]

    /// Busy or broken for a moment. RFC 6749 section 4.1.2.1, RFC 8628 section 3.5; the rest are words of Amazon, Auth0, Okta, Slack and of gateways.
    private static let passing: Set<String> = [
        "temporarily_unavailable", "server_error", "internal_failure", "internal_error", "internal_server_error", "service_unavailable", "slow_down",
        "rate_limit_exceeded", "rate_limited", "ratelimited", "too_many_requests", "throttled",
    ]

    /// The refresh token, the session or the person's consent is over. RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 8628 section 3.5, RFC 9470,
    /// OpenID Connect Core section 3.1.2.6; the rest are words of Auth0 and GitHub.
    private static let ended: Set<String> = [
        "invalid_grant", "invalid_token", "invalid_refresh_token", "bad_refresh_token", "refresh_token_expired", "expired_token", "access_denied",
        "interaction_required", "login_required", "consent_required", "account_selection_required", "insufficient_user_authentication", "mfa_required",
    ]
}

extension ExchangeFailure.Reach {
    /// Who is to be left alone after such an answer: 429 is about the client that asked, 503 about the server.
    init(status: Int, error: String?) {
        switch (status, error) {
        case (503, _): self = .server
        case (429, _), (_, "slow_down"?), (_, "rate_limit_exceeded"?), (_, "too_many_requests"?): self = .client
        default: self = .credential
        }
    }
}
