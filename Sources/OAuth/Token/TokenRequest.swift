internal import Secrets

/// One request to a token endpoint: how it is written, and how its answer is read.
package struct TokenRequest: Sendable {
    let grant: GrantRequest
    let client: ClientIdentity
    package let endpoint: HTTPSURL
    let assumesBearer: Bool

    /// - Parameter assumesBearer: whether an answer without `token_type` is taken as Bearer.
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
            try refuseWhatNeedsAUser(scopes)
            form.add("grant_type", "client_credentials")
            form.add("scope", scopes.withoutRepeats.joined(separator: " "))
            if let audience { form.add(audience.parameter.rawValue, audience.value) }
        }
        let headers = authenticate(form)
        return EndpointRequest(method: .post(form: form.secret), url: endpoint.text, headers: headers, freshConnection: grant.spendsSomething)
    }

    /// In the body or in the header it returns, never in both.
    private func authenticate(_ form: FormBody) -> [(name: String, value: Secret)] {
        switch client.authentication {
        case .none:
            form.add("client_id", client.id)
        case .post(let secret):
            form.add("client_id", client.id)
            form.add("client_secret", secret)
        case .basic(let secret):
            return [("Authorization", .basicCredentials(id: client.id, secret: secret))]
        }
        return []
    }

    /// Client credentials are for clients that can prove who they are (RFC 6749 section 4.4), and there is no person in them.
    private func refuseWhatNeedsAUser(_ scopes: [String]) throws(ExchangeFailure) {
        if case .none = client.authentication {
            throw .configuration("client credentials need a client that authenticates; give '\(client.id.shown())' a secret")
        }
        if let scope = scopes.first(where: ["openid", "profile", "offline_access"].contains) {
            throw .configuration("client credentials cannot ask for the scope '\(scope)': no person signs in; remove it")
        }
    }
}

extension GrantRequest {
    /// Whether sending it may use up something that cannot be sent again: it then must not be lost on a dead connection (NET-11).
    var spendsSomething: Bool {
        switch self {
        case .clientCredentials: false
        }
    }

    /// Whether an answer may bring a refresh token (RFC 6749 section 4.4.3).
    var takesRefreshToken: Bool {
        switch self {
        case .clientCredentials: false
        }
    }
}

extension [String] {
    /// The first of each, in order.
    var withoutRepeats: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
