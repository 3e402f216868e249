package import Secrets

/// One OAuth client registration.
package struct ClientIdentity: Hashable, Sendable {
    package var id: String
    package var authentication: ClientAuthentication
    /// Audiences that an ID token for this client may contain in addition to its client id (OpenID Connect Core 1.0 section 3.1.3.7, 3).
    package var otherAudiences: Set<String>

    package init(id: String, authentication: ClientAuthentication, otherAudiences: Set<String> = []) {
        self.id = id
        self.authentication = authentication
        self.otherAudiences = otherAudiences
    }
}

/// How the client authenticates at the token endpoint: exactly one method per request (RFC 6749 section 2.3).
package enum ClientAuthentication: Hashable, Sendable {
    /// a public client: `client_id` in the body, no secret
    case none
    /// `client_secret_post`
    case post(Secret)
    /// `client_secret_basic`: id and secret form-encoded, joined with a colon and Base64-encoded (RFC 6749 section 2.3.1)
    case basic(Secret)
}
