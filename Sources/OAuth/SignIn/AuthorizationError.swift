internal import Secrets

/// The error of an authorization response (RFC 6749 section 4.1.2.1), without parts that must not be shown.
struct AuthorizationError {
    let code: String
    private let remark: String?

    /// - Parameter secrets: the values that were sent. If the server repeats one, its text is not quoted.
    init(_ error: Secret, remark: Secret?, redacting secrets: [Secret]) {
        code = error.contains(anyOf: secrets) ? "withheld" : error.text.withoutTokens.shown(atMost: 64)
        self.remark = remark.flatMap { $0.contains(anyOf: secrets) ? nil : $0.text.withoutTokens.readable() }
    }

    /// The result of the sign-in in one sentence.
    var sentence: String { remark.map { "\(meaning) ('\($0)')" } ?? meaning }

    private var meaning: String {
        switch code {
        case "access_denied": "the sign-in was cancelled or refused"
        case "login_required": "the server wants the person to sign in, and did not ask"
        case "consent_required": "the server wants the person's consent, and did not ask for it"
        case "interaction_required", "account_selection_required": "the server wants to ask the person something, and did not"
        case "server_error": "the server met an error while the person signed in; try again later"
        case "temporarily_unavailable": "the server cannot sign anybody in at present; try again later"
        case "invalid_scope": "the server does not grant a scope that was asked for; check the token's scopes and the registration"
        case "unauthorized_client", "unsupported_response_type":
            "the server does not let this client sign people in like this (\(code)); check the registration"
        default: "the server answered '\(code)'; check the registration and what is asked for"
        }
    }

    var law: ExchangeFailure.Law {
        switch code {
        case "access_denied", "login_required", "consent_required", "interaction_required", "account_selection_required": .no
        case "server_error", "temporarily_unavailable": .answered(retryAfter: nil)
        default: .configuration
        }
    }
}

extension ExchangeFailure {
    static func signIn(_ error: AuthorizationError) -> ExchangeFailure {
        ExchangeFailure(law: error.law, reach: .credential, oauthError: error.code, text: error.sentence)
    }
}
