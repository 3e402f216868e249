package import Secrets

extension GrantRequest {
    /// Whether the request consumes a code or a refresh token, which cannot be sent twice. It must then not be lost on a dead connection (NET-11).
    var consumesCredential: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// Whether the response may contain a refresh token (RFC 6749 section 4.4.3).
    var mayReturnRefreshToken: Bool {
        switch self {
        case .clientCredentials: false
        case .authorizationCode, .refresh: true
        }
    }

    /// The type of the request, for the classification of a failure.
    var sent: ExchangeFailure.Sent {
        switch self {
        case .clientCredentials: .clientCredentials
        case .authorizationCode: .code
        case .refresh(_, _, _, isProven: true): .provenRefreshToken
        case .refresh(_, _, _, isProven: false): .importedRefreshToken
        }
    }

    /// The secrets of the request that must not appear in a text.
    package var secrets: [Secret] {
        switch self {
        case .clientCredentials: []
        case .authorizationCode(let code, _, let verifier): [code, code.formEncoded, verifier, verifier.formEncoded]
        case .refresh(let token, _, _, _): [token, token.formEncoded]
        }
    }
}
