package import Secrets

/// Signs a person out at the server, in their browser (OpenID Connect RP-Initiated Logout 1.0 section 2).
package struct EndSessionRequest: Sendable {
    package var endpoint: HTTPSURL
    /// The latest ID token of this sign-in. Without it most servers ask the person, and do not redirect the browser back.
    package var idToken: Secret?
    /// Identifies the client if there is no ID token.
    package var clientID: String?
    /// A registered URI.
    package var postLogoutRedirectURI: String?
    /// The browser returns it with the redirect. It is needed only with a redirect URI.
    package var state: Secret?

    package init(at endpoint: HTTPSURL, idToken: Secret?, clientID: String? = nil, postLogoutRedirectURI: String? = nil, state: Secret? = nil) {
        self.endpoint = endpoint
        self.idToken = idToken
        self.clientID = clientID
        self.postLogoutRedirectURI = postLogoutRedirectURI
        self.state = state
    }

    /// The URL to open. It is not a `Secret` although it contains an ID token: it is shown only to the person whose session it ends. The ID token
    /// only identifies this person, and no API accepts it. The URL must not be logged.
    package func url() throws(ExchangeFailure) -> String {
        var parameters: [(name: String, value: Secret)] = []
        if let idToken { parameters.append(("id_token_hint", idToken)) } else if let clientID { parameters.append(("client_id", Secret(clientID))) }
        if let postLogoutRedirectURI {
            parameters.append(("post_logout_redirect_uri", Secret(postLogoutRedirectURI)))
            if let state { parameters.append(("state", state)) }
        }
        guard !parameters.isEmpty else { return endpoint.text }
        return try FormBody(parameters, besides: endpoint).secret.text.appended(to: endpoint)
    }
}
