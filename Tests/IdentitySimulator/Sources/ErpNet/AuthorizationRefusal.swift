/// Why the authorization endpoint shows an error page and does not redirect to the application.
package enum AuthorizationRefusal: Error, Equatable, Sendable, CaseIterable {
    case malformed
    case repeatedParameter
    case noClient
    case unknownClient
    case notInteractive
    case noRedirectURI
    case unknownRedirectURI
    case unknownResponseType
    case unknownResponseMode
    case queryWithIDToken
    case noScope
    case scopeOutsideCeiling
    case noOpenID
    case noNonce
    case tooLong
    case noChallenge
    case plainChallenge
    case badChallenge
    case promptNoneAndMore
    case badReturn

    package var code: String {
        switch self {
        case .malformed, .repeatedParameter, .noClient, .noRedirectURI, .queryWithIDToken, .noScope, .noOpenID, .noNonce, .tooLong,
            .noChallenge, .plainChallenge, .badChallenge, .promptNoneAndMore, .badReturn:
            "invalid_request"
        case .unknownClient, .notInteractive: "unauthorized_client"
        case .unknownRedirectURI: "invalid_redirect_uri"
        case .unknownResponseType, .unknownResponseMode: "unsupported_response_type"
        case .scopeOutsideCeiling: "invalid_scope"
        }
    }

    package var text: String {
        switch self {
        case .malformed: "The request could not be decoded."
        case .repeatedParameter: "A parameter was sent more than once."
        case .noClient: "The request names no application."
        case .unknownClient: "The trusted application does not exist or is disabled."
        case .notInteractive: "Nobody may sign in to this application."
        case .noRedirectURI: "The redirect URI is missing."
        case .unknownRedirectURI: "The redirect URI is not one of the application's."
        case .unknownResponseType: "The response type is not supported."
        case .unknownResponseMode: "The response mode is not supported."
        case .queryWithIDToken: "An ID token may not be sent in a query."
        case .noScope: "The scope is missing."
        case .scopeOutsideCeiling: "The application may not have a requested scope."
        case .noOpenID: "An ID token needs the scope openid."
        case .noNonce: "An ID token from this endpoint needs a nonce."
        case .tooLong: "A parameter is too long."
        case .noChallenge: "A public application needs a code challenge."
        case .plainChallenge: "The code challenge method is not supported."
        case .badChallenge: "The code challenge is not 43 to 128 characters long."
        case .promptNoneAndMore: "The prompt none cannot be combined with others."
        case .badReturn: "The page does not know where to go back to."
        }
    }
}
