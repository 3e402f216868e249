package import Secrets

extension GrantRequest {
    /// Whether sending it may use up something that cannot be sent again: it then must not be lost on a dead connection (NET-11).
    var consumesCredential: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// Whether an answer may bring a refresh token (RFC 6749 section 4.4.3).
    var mayReturnRefreshToken: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// What it is to whoever reads an answer to it.
    var sent: ExchangeFailure.Sent {
        switch self {
        case .clientCredentials: .clientCredentials
        case .authorizationCode: .code
        case .refresh(_, _, _, isProven: true): .provenRefreshToken
        case .refresh(_, _, _, isProven: false): .importedRefreshToken
        }
    }

    /// What it carries that must not come back in a text.
    package var secrets: [Secret] {
        switch self {
        case .clientCredentials: []
        case .authorizationCode(let code, _, let verifier): [code, code.formEncoded, verifier, verifier.formEncoded]
        case .refresh(let token, _, _, _): [token, token.formEncoded]
        }
    }
}
