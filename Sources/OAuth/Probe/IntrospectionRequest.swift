internal import Codecs
package import Secrets

/// Token introspection at the server that issued the token (RFC 7662).
package struct IntrospectionRequest: Sendable {
    private let token: Secret
    private let client: ClientIdentity
    let endpoint: HTTPSURL

    /// - Parameter endpoint: from the metadata of the issuing server, because no other server may see the token (INT-03).
    package init(_ token: Secret, as client: ClientIdentity, at endpoint: HTTPSURL) {
        self.token = token
        self.client = client
        self.endpoint = endpoint
    }

    /// A POST, because a token in a URL would end up in logs (INT-01).
    func message() -> EndpointRequest {
        let form = FormBody()
        form.add("token", token)
        form.add("token_type_hint", "access_token")
        let headers = client.authenticate(form)
        return EndpointRequest(method: .post(form: form.secret), url: endpoint.text, headers: headers)
    }

    func health(in response: EndpointResponse, _ now: Int64) -> TokenHealth {
        (200..<300).contains(response.status) ? state(response) : .unknown(refusal(response, now))
    }

    /// Only `active` is required, and an inactive token is a normal answer (INT-02).
    private func state(_ response: EndpointResponse) -> TokenHealth {
        guard case .success(let object) = JSONObject.read(response.body), case .bool(let isActive)? = object["active"] else {
            let text = "'\(endpoint)' answered \(response.status) without saying whether the token is active"
            return .unknown(ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, status: response.status, text: text))
        }
        guard isActive else { return .refused("'\(endpoint)' says that it is not active") }
        return .good(expires: object.seconds("exp"))
    }

    /// A 401 is about the client (INT-04). Some servers permit introspection only to an API, which is another kind of client.
    private func refusal(_ response: EndpointResponse, _ now: Int64) -> ExchangeFailure {
        let error = OAuthError(response.body, redacting: client.secrets + [token, token.formEncoded])
        var text = "'\(endpoint)' answered \(response.status)" + (error.map { " \($0)" } ?? "")
        if [401, 403].contains(response.status) { text += ", so this client may not ask it; check its secret, or probe by a url instead" }
        return ExchangeFailure(response, error, to: .question, now: now, text: text)
    }
}

extension JSONObject {
    /// A NumericDate in seconds since the epoch (RFC 7519 section 2); `nil` if the member is not one.
    fileprivate func seconds(_ name: String) -> Int64? {
        guard case .number(let text)? = self[name], let seconds = Double(text), (1...253_402_300_799).contains(seconds) else { return nil }
        return Int64(seconds)
    }
}
