package import Secrets

/// What is asked of the token endpoint.
package enum GrantRequest: Hashable, Sendable {
    /// RFC 6749 section 4.4. No scopes: the parameter is left out.
    case clientCredentials(scopes: [String], audience: Audience?)
    /// RFC 6749 section 4.1.3 with RFC 7636 section 4.5. The address is that of the authorization request, to the byte. Once the
    /// server has answered, in whatever way, a code is not sent again: some servers have then used it up (AC-13).
    case authorizationCode(code: Secret, redirectURI: String, verifier: Secret)
    /// RFC 6749 section 6. No scopes: the parameter is left out, and what was granted is granted again.
    ///
    /// `isProven`: a sign-in here brought this grant, or it has refreshed before. A request that is invalid is then a dead token, not a wrong form.
    case refresh(token: Secret, scopes: [String], audience: Audience?, isProven: Bool)
}

/// Which API a token is for, and under which parameter the server wants to hear it.
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
