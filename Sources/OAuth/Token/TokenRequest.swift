internal import Secrets

/// One request to a token endpoint: its encoding, and the interpretation of its response.
package struct TokenRequest: Sendable {
    let grant: GrantRequest
    let client: ClientIdentity
    package let endpoint: HTTPSURL
    let assumesBearer: Bool

    /// - Parameter assumesBearer: whether a response without a known `token_type` is taken as Bearer.
    package init(_ grant: GrantRequest, as client: ClientIdentity, at endpoint: HTTPSURL, assumesBearer: Bool) {
        self.grant = grant
        self.client = client
        self.endpoint = endpoint
        self.assumesBearer = assumesBearer
    }

    /// A POST with a form and exactly one method of client authentication (RFC 6749 sections 2.3 and 3.2). The error says why the request cannot be
    /// made.
    package func message() throws(ExchangeFailure) -> EndpointRequest {
        let form = FormBody()
        switch grant {
        case .clientCredentials(let scopes, let audience):
            try refusePublicClient()
            form.add("grant_type", "client_credentials")
            form.add("scope", scopes.withoutRepeats.joined(separator: " "))
            form.add(audience)
        case .authorizationCode(let code, let redirectURI, let verifier):
            form.add("grant_type", "authorization_code")
            form.add("code", code)
            form.add("redirect_uri", redirectURI)
            form.add("code_verifier", verifier)
        case .refresh(let token, let scopes, let audience, _):
            form.add("grant_type", "refresh_token")
            form.add("refresh_token", token)
            form.add("scope", scopes.withoutRepeats.joined(separator: " "))
            form.add(audience)
        }
        let headers = client.authenticate(form)
        return EndpointRequest(method: .post(form: form.secret), url: endpoint.text, headers: headers, freshConnection: grant.consumesCredential)
    }

    /// Client credentials require a client that can authenticate (RFC 6749 section 4.4).
    private func refusePublicClient() throws(ExchangeFailure) {
        if case .none = client.authentication {
            throw .configuration("client credentials need a client that authenticates; give '\(client.id.shown())' a secret")
        }
    }
}

extension FormBody {
    func add(_ audience: Audience?) {
        if let audience { add(audience.parameter.rawValue, audience.value) }
    }
}

extension [String] {
    /// Without duplicates, in order.
    var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
