package import Secrets

/// What a person's browser asks of the authorization server (RFC 6749 section 4.1.1), always with PKCE (RFC 7636) and `state`.
package struct AuthorizationRequest: Sendable {
    /// The two kinds of answer that put no token for an API into a browser (RFC 9700 section 2.1.2).
    package enum ResponseType: String, Hashable, Sendable, CaseIterable {
        case code
        /// OpenID Connect's hybrid flow: an ID token comes beside the code, in a form that the browser posts
        case codeAndIdentity = "code id_token"
    }

    package var clientID: String
    package var redirectURI: String
    package var scopes: [String]
    package var responseType: ResponseType
    /// At least 128 random bits in base64url, for this one sign-in.
    package var state: Secret
    /// As `state`. Sent only where an ID token will repeat it: see `asksForIDToken`.
    package var nonce: Secret
    /// base64url of the SHA-256 of the code verifier, without padding (RFC 7636 section 4.2); the method sent with it is `S256`.
    package var challenge: String
    package var prompt: String?
    package var loginHint: String?
    /// Seconds since the person last signed in.
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

    /// Whether ID tokens are due: `openid` is asked for, or one in the answer itself.
    package var asksForIDToken: Bool { scopes.contains("openid") || responseType == .codeAndIdentity }

    /// The address to open in a browser. A text and no `Secret`, because it is handed to the person whose sign-in it is; whoever
    /// else learns the `state` and `nonce` in it can do nothing without the verifier, and they are good once.
    package func url(at metadata: ServerMetadata) throws(ExchangeFailure) -> String {
        let endpoint = try metadata.url(of: .authorization)
        // what comes back could not be used: better said before somebody signs in
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
        // without it such an answer comes in the fragment, which no server sees; the query is forbidden for it
        add("response_mode", responseType == .codeAndIdentity ? "form_post" : nil)
        add("prompt", prompt)
        add("login_hint", loginHint)
        add("max_age", maxAge.map(String.init))
        add("ui_locales", uiLocales)
        if let audience { add(audience.parameter.rawValue, audience.value) }
        return list
    }

    /// What the server says that it cannot do. Where it does not say, it is asked: `state` protects the sign-in even if PKCE does
    /// not (DISC-12).
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
    /// Where a server does not say what it can do, it is asked.
    var allowsChallenge: Bool { challengeMethods.isEmpty || challengeMethods.contains("S256") }

    func allows(_ type: AuthorizationRequest.ResponseType) -> Bool { responseTypes.isEmpty || responseTypes.contains(where: type.isSame(as:)) }
}

extension AuthorizationRequest.ResponseType {
    /// The order of the words means nothing (RFC 6749 section 3.1.1).
    fileprivate func isSame(as text: String) -> Bool { Set(text.split(separator: " ")) == Set(rawValue.split(separator: " ")) }
}

extension FormBody {
    /// Parameters to add to an address, none of which may stand in it already: none may be sent twice (RFC 6749 section 3.1).
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
    /// These parameters at the end of an address, after the query that it has (RFC 6749 section 3.1).
    func appended(to endpoint: HTTPSURL) -> String {
        guard let query = endpoint.query else { return endpoint.text + "?" + self }
        return endpoint.text + (query.isEmpty || query.hasSuffix("&") ? "" : "&") + self
    }
}
