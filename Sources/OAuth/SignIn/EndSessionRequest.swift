package import Secrets

/// Signs a person out at the server, in their browser (OpenID Connect RP-Initiated Logout 1.0 section 2).
package struct EndSessionRequest: Sendable {
    package var endpoint: HTTPSURL
    /// The last one that came for this sign-in. Without it most servers ask the person, and do not send the browser back.
    package var idToken: Secret?
    /// Names the client where no ID token does.
    package var clientID: String?
    /// A registered one.
    package var postLogoutRedirectURI: String?
    /// Comes back with the browser; it is only needed if the browser does.
    package var state: Secret?

    package init(at endpoint: HTTPSURL, idToken: Secret?, clientID: String? = nil, postLogoutRedirectURI: String? = nil, state: Secret? = nil) {
        self.endpoint = endpoint
        self.idToken = idToken
        self.clientID = clientID
        self.postLogoutRedirectURI = postLogoutRedirectURI
        self.state = state
    }

    /// The address to open. A text and no `Secret`, though an ID token stands in it: it is handed to the person whose session it ends
    /// and to nobody else, it says only who they are, and no API takes an ID token. It must not be logged.
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
