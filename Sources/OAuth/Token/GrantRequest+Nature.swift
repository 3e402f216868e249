internal import Secrets

extension GrantRequest {
    /// Whether sending it may use up something that cannot be sent again: it then must not be lost on a dead connection (NET-11).
    var spendsSomething: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// Whether an answer may bring a refresh token (RFC 6749 section 4.4.3).
    var takesRefreshToken: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// What `invalid_grant` means. Client credentials spend nothing that could have died, so there the registration is wrong.
    var lawOfInvalidGrant: ExchangeFailure.Law {
        switch self {
        case .clientCredentials: .configuration
        case .authorizationCode, .refresh: .no
        }
    }

    /// What `invalid_request` means: our mistake or the configuration's, unless the same form was good before.
    var lawOfInvalidRequest: ExchangeFailure.Law {
        switch self {
        case .clientCredentials, .authorizationCode, .refresh(_, _, _, hasRefreshed: false): .configuration
        case .refresh(_, _, _, hasRefreshed: true): .no
        }
    }

    /// What it carries that must not come back in a text.
    var secrets: [Secret] {
        switch self {
        case .clientCredentials: []
        case .authorizationCode(let code, _, let verifier): [code, code.formEncoded, verifier, verifier.formEncoded]
        case .refresh(let token, _, _, _): [token, token.formEncoded]
        }
    }
}
