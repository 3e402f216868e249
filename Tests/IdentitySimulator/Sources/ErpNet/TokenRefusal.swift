/// Why the token endpoint says no: one case for each cause, since several causes share an error code.
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
    case unknownRefreshToken

    /// The `error` code on the wire.
    package func code(_ knobs: Knobs) -> String {
        switch self {
        case .notPost, .notForm, .malformedForm, .repeatedField, .twoCredentials, .missingField: "invalid_request"
        case .missingSecret: knobs.missingSecret.rawValue
        case .noClient, .malformedCredentials, .unknownClient, .disabledClient, .noteClient, .wrongSecret,
            .secretFromPublicClient:
            "invalid_client"
        case .missingGrantType, .unknownGrantType: "unsupported_grant_type"
        case .grantNotAllowed: knobs.forbiddenGrant.rawValue
        case .serviceNotAllowed, .noSystemUser: "unauthorized_client"
        case .identityScope, .scopeOutsideCeiling: "invalid_scope"
        case .unknownCode, .unknownRefreshToken: "invalid_grant"
        }
    }

    /// What the server's operator would read; sent only when the knob says so.
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
        case .unknownRefreshToken: "The refresh token is not valid."
        }
    }

    /// The answer in the form that the knobs ask for.
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
