internal import Secrets

/// One request to a token endpoint: how it is written, and how its answer is read.
package struct TokenRequest: Sendable {
    let grant: GrantRequest
    let client: ClientIdentity
    package let endpoint: HTTPSURL
    let assumesBearer: Bool

    /// - Parameter assumesBearer: whether an answer without a known `token_type` is taken as Bearer.
    package init(_ grant: GrantRequest, as client: ClientIdentity, at endpoint: HTTPSURL, assumesBearer: Bool) {
        self.grant = grant
        self.client = client
        self.endpoint = endpoint
        self.assumesBearer = assumesBearer
    }

    /// A POST with a form for a body and exactly one way of authenticating (RFC 6749 sections 2.3 and 3.2); the failure says what
    /// cannot be asked for.
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

    /// Client credentials are for clients that can prove who they are (RFC 6749 section 4.4).
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
    /// The first of each, in order.
    var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
