package import Secrets

/// An authorization request (RFC 6749 section 4.1.1), always with PKCE (RFC 7636) and `state`.
package struct AuthorizationRequest: Sendable {
    /// The two response types that do not send an access token through the browser (RFC 9700 section 2.1.2).
    package enum ResponseType: String, Hashable, Sendable, CaseIterable {
        case code
        /// OpenID Connect's hybrid flow: the response contains an ID token and the code, and the browser posts it as a form
        case codeAndIdentity = "code id_token"
    }

    package var clientID: String
    package var redirectURI: String
    package var scopes: [String]
    package var responseType: ResponseType
    /// At least 128 random bits in base64url, used for one sign-in.
    package var state: Secret
    /// As `state`. Sent only if the response will have an ID token that repeats it: see `asksForIDToken`.
    package var nonce: Secret
    /// base64url of the SHA-256 of the code verifier, without padding (RFC 7636 section 4.2). The method is always `S256`.
    package var challenge: String
    package var prompt: String?
    package var loginHint: String?
    /// The maximum seconds since the person last signed in.
    package var maxAge: Int64?
    package var uiLocales: String?
    package var audience: Audience?

    package init(
        clientID: String, redirectURI: String, scopes: [String], responseType: ResponseType = .code, state: Secret, nonce: Secret, challenge: String
    ) {
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.responseType = responseType
        self.state = state
        self.nonce = nonce
        self.challenge = challenge
    }

    /// Whether ID tokens are expected: `openid` or the hybrid flow is requested.
    package var asksForIDToken: Bool { scopes.contains("openid") || responseType == .codeAndIdentity }

    /// The URL to open in a browser. It is not a `Secret`, because it is shown to the person who signs in. Another person who learns `state` and
    /// `nonce` from it cannot use them without the code verifier.
    package func url(at metadata: ServerMetadata) throws(ExchangeFailure) -> String {
        let endpoint = try metadata.url(of: .authorization)
        // fails before the person signs in if the response could not be used
        _ = try metadata.url(of: .token)
        if asksForIDToken { _ = try metadata.url(of: .keys) }
        try refuseUnsupported(by: metadata)
        let parameters = try FormBody(parameters, besides: endpoint)
        return parameters.secret.text.appended(to: endpoint)
    }

    private var parameters: [(name: String, value: Secret)] {
        var list = [
            ("response_type", Secret(responseType.rawValue)), ("client_id", Secret(clientID)), ("redirect_uri", Secret(redirectURI)),
            ("scope", Secret(scopes.withoutRepeats.joined(separator: " "))), ("state", state),
        ]
        let add = { (name: String, value: String?) in if let value { list.append((name, Secret(value))) } }
        if asksForIDToken { list.append(("nonce", nonce)) }
        add("code_challenge", challenge)
        add("code_challenge_method", "S256")
        // the default for the hybrid flow is the fragment, which no server receives; the query is not permitted for it
        add("response_mode", responseType == .codeAndIdentity ? "form_post" : nil)
        add("prompt", prompt)
        add("login_hint", loginHint)
        add("max_age", maxAge.map(String.init))
        add("ui_locales", uiLocales)
        if let audience { add(audience.parameter.rawValue, audience.value) }
        return list
    }

    /// Rejects what the server's metadata exclude. If the metadata do not list it, the request is sent: `state` protects the sign-in even if PKCE
    /// does not (DISC-12).
    private func refuseUnsupported(by metadata: ServerMetadata) throws(ExchangeFailure) {
        let server = "the server '\((metadata.issuer ?? "").shown())'"
        guard metadata.allowsChallenge else {
            throw .configuration("\(server) does not support the PKCE method S256, and no weaker one is used; have it enabled there")
        }
        guard responseType == .codeAndIdentity else { return }
        guard scopes.contains("openid") else {
            throw .configuration("the response type 'code id_token' needs the scope 'openid'; add it, or use the response type 'code'")
        }
        guard metadata.allows(responseType) else {
            throw .configuration("\(server) does not support the response type 'code id_token'; use 'code'")
        }
    }
}

extension ServerMetadata {
    /// A server that lists no methods may support them.
    var allowsChallenge: Bool { challengeMethods.isEmpty || challengeMethods.contains("S256") }

    func allows(_ type: AuthorizationRequest.ResponseType) -> Bool { responseTypes.isEmpty || responseTypes.contains(where: type.isSame(as:)) }
}

extension AuthorizationRequest.ResponseType {
    /// The order of the words has no meaning (RFC 6749 section 3.1.1).
    fileprivate func isSame(as text: String) -> Bool { Set(text.split(separator: " ")) == Set(rawValue.split(separator: " ")) }
}

extension FormBody {
    /// Parameters that are added to a URL. Throws if the URL already has one of them, because none may be repeated (RFC 6749 section 3.1).
    init(_ parameters: [(name: String, value: Secret)], besides endpoint: HTTPSURL) throws(ExchangeFailure) {
        self.init()
        let taken = (endpoint.query ?? "").split(separator: "&").map { $0.prefix { $0 != "=" } }
        for (name, value) in parameters {
            guard !taken.contains(name[...]) else {
                throw .configuration("the address '\(endpoint)' has a parameter '\(name)' of its own; remove it")
            }
            add(name, value)
        }
    }
}

extension String {
    /// Appends these parameters to a URL, after its own query (RFC 6749 section 3.1).
    func appended(to endpoint: HTTPSURL) -> String {
        guard let query = endpoint.query else { return endpoint.text + "?" + self }
        return endpoint.text + (query.isEmpty || query.hasSuffix("&") ? "" : "&") + self
    }
}
