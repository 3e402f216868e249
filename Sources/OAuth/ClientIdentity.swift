package import Secrets

/// One OAuth client registration: who we are to the server.
package struct ClientIdentity: Hashable, Sendable {
    package var id: String
    package var authentication: ClientAuthentication
    /// Audiences that an ID token for this client may name beside its id (OpenID Connect Core 1.0 section 3.1.3.7, 3).
    package var otherAudiences: Set<String>

    package init(id: String, authentication: ClientAuthentication, otherAudiences: Set<String> = []) {
        self.id = id
        self.authentication = authentication
        self.otherAudiences = otherAudiences
    }
}

/// How the client proves itself at the token endpoint: exactly one way a request (RFC 6749 section 2.3).
package enum ClientAuthentication: Hashable, Sendable {
    /// a public client: `client_id` in the body, no secret
    case none
    /// `client_secret_post`
    case post(Secret)
    /// `client_secret_basic`: id and secret form-encoded, then joined and Base64 (RFC 6749 section 2.3.1)
    case basic(Secret)
}
