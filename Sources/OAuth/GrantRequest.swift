package import Secrets

/// The grant of a token request.
package enum GrantRequest: Hashable, Sendable {
    /// RFC 6749 section 4.4. Without scopes the parameter is omitted.
    case clientCredentials(scopes: [String], audience: Audience?)
    /// RFC 6749 section 4.1.3 with RFC 7636 section 4.5. The redirect URI must be identical to that of the authorization request. After any answer of
    /// the server the code is not sent again, because some servers have then invalidated it (AC-13).
    case authorizationCode(code: Secret, redirectURI: String, verifier: Secret)
    /// RFC 6749 section 6. Without scopes the parameter is omitted, and the server grants the same scopes again.
    ///
    /// `isProven`: a sign-in of tokend produced this grant, or it was refreshed before. `invalid_request` then means that the token is invalid, not
    /// the form of the request.
    case refresh(token: Secret, scopes: [String], audience: Audience?, isProven: Bool)
}

/// The API that a token is for, and the parameter that the server expects for it.
package struct Audience: Hashable, Sendable {
    package enum Parameter: String, Hashable, Sendable, CaseIterable {
        /// RFC 8707
        case resource
        case audience
    }
    package var parameter: Parameter
    package var value: String

    package init(parameter: Parameter, value: String) {
        self.parameter = parameter
        self.value = value
    }
}
