/// Why the token endpoint rejects a request: one case per cause, because several causes have the same error code.
package enum TokenRefusal: Error, Equatable, Sendable, CaseIterable {
    case notPost
    case notForm
    case malformedForm
    case repeatedField
    case twoCredentials
    case noClient
    case malformedCredentials
    case unknownClient
    case disabledClient
    case noteClient
    case wrongSecret
    case missingSecret
    case secretFromPublicClient
    case missingGrantType
    case unknownGrantType
    case grantNotAllowed
    case serviceNotAllowed
    case noSystemUser
    case identityScope
    case scopeOutsideCeiling
    case missingField
    case unknownCode
    case codeOfAnotherClient
    case usedCode
    case expiredCode
    case missingRedirectURI
    case otherRedirectURI
    case missingVerifier
    case unexpectedVerifier
    case wrongVerifier
    case unknownRefreshToken
    case refreshTokenOfAnotherClient
    case usedRefreshToken
    case expiredRefreshToken
    case endedGrant
    case userNotAllowed
    case unknownTokenTypeHint
    case unknownDeviceCode
    case expiredDeviceCode
    case refusedByPerson
    case authorizationPending
    case askedTooSoon

    /// The `error` code of the response.
    package func code(_ knobs: Knobs) -> String {
        switch self {
        case .notPost, .notForm, .malformedForm, .repeatedField, .twoCredentials, .missingField: "invalid_request"
        case .missingSecret: knobs.missingSecret.rawValue
        case .noClient, .malformedCredentials, .unknownClient, .disabledClient, .noteClient, .wrongSecret,
            .secretFromPublicClient:
            "invalid_client"
        case .missingGrantType, .unknownGrantType: "unsupported_grant_type"
        case .grantNotAllowed: knobs.forbiddenGrant.rawValue
        case .serviceNotAllowed, .noSystemUser, .missingRedirectURI: "unauthorized_client"
        case .identityScope, .scopeOutsideCeiling: "invalid_scope"
        case .unknownCode, .codeOfAnotherClient, .usedCode, .expiredCode, .otherRedirectURI, .missingVerifier, .unexpectedVerifier,
            .wrongVerifier, .unknownRefreshToken, .refreshTokenOfAnotherClient, .usedRefreshToken, .expiredRefreshToken, .endedGrant,
            .userNotAllowed, .unknownDeviceCode:
            "invalid_grant"
        case .unknownTokenTypeHint: "unsupported_token_type"
        case .expiredDeviceCode: "expired_token"
        case .refusedByPerson: "access_denied"
        case .authorizationPending: "authorization_pending"
        case .askedTooSoon: "slow_down"
        }
    }

    /// The description, which is sent only if the knob says so.
    package var text: String {
        switch self {
        case .notPost: "The token endpoint accepts only POST."
        case .notForm: "The content type must be application/x-www-form-urlencoded."
        case .malformedForm: "The form could not be decoded."
        case .repeatedField: "A parameter was sent more than once."
        case .twoCredentials: "The client authenticated in more than one way."
        case .noClient: "The request names no client."
        case .malformedCredentials: "The client credentials could not be read."
        case .unknownClient: "The trusted application does not exist."
        case .disabledClient: "The trusted application is disabled."
        case .noteClient: "The trusted application has no client type that can authenticate."
        case .wrongSecret: "The client secret is not right."
        case .missingSecret: "A confidential application must send its secret."
        case .secretFromPublicClient: "A public application must not send a secret."
        case .missingGrantType: "The grant type is missing."
        case .unknownGrantType: "The grant type is not supported."
        case .grantNotAllowed: "The grant type is not allowed for this application."
        case .serviceNotAllowed: "The application may not use a system user."
        case .noSystemUser: "The application has no system user."
        case .identityScope: "Identity scopes need a user."
        case .scopeOutsideCeiling: "The application may not have a requested scope."
        case .missingField: "A required parameter is missing."
        case .unknownCode: "The authorization code is not valid."
        case .codeOfAnotherClient: "The authorization code was issued to another application."
        case .usedCode: "The authorization code was used before."
        case .expiredCode: "The authorization code has expired."
        case .missingRedirectURI: "The redirect URI is missing."
        case .otherRedirectURI: "The redirect URI is not that of the authorization request."
        case .missingVerifier: "The code verifier is missing."
        case .unexpectedVerifier: "A code verifier was sent, but the authorization request had no challenge."
        case .wrongVerifier: "The code verifier does not match the challenge."
        case .unknownRefreshToken: "The refresh token is not valid."
        case .refreshTokenOfAnotherClient: "The refresh token was issued to another application."
        case .usedRefreshToken: "The refresh token was used before."
        case .expiredRefreshToken: "The refresh token has expired."
        case .endedGrant: "The refresh token was revoked."
        case .userNotAllowed: "The user may not use this application."
        case .unknownTokenTypeHint: "The token type hint is not known."
        case .unknownDeviceCode: "The device code is not valid."
        case .expiredDeviceCode: "The device code has expired."
        case .refusedByPerson: "The user refused."
        case .authorizationPending: "The user has not decided yet."
        case .askedTooSoon: "The device asks too often."
        }
    }

    /// The response in the form of the knobs.
    func reply(_ knobs: Knobs) -> Reply {
        let code = code(knobs)
        let body: JSON = ["error": .string(code)]
        let described = knobs.errorDescriptions == .on ? body.appending("error_description", .string(text)) : body
        let status = code == "invalid_client" ? knobs.invalidClientStatus : 400
        var reply = Reply.json(described, status: status).notStored()
        if status == 401 { reply.set("WWW-Authenticate", "Basic realm=\"id\"") }
        return reply
    }
}
