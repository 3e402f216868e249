/// What is asked of the token endpoint.
package enum GrantRequest: Hashable, Sendable {
    /// RFC 6749 section 4.4. No scopes: the parameter is left out.
    case clientCredentials(scopes: [String], audience: Audience?)
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
