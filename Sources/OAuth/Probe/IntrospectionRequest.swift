package import Secrets

/// Asks the server that issued a token whether it is still good (RFC 7662).
package struct IntrospectionRequest: Sendable {
    private let token: Secret
    private let client: ClientIdentity
    let endpoint: HTTPSURL

    /// - Parameter endpoint: from the metadata of the server that issued the token, for nobody else may see it (INT-03).
    package init(_ token: Secret, as client: ClientIdentity, at endpoint: HTTPSURL) {
        self.token = token
        self.client = client
        self.endpoint = endpoint
    }

    /// INT-01: a POST, for a token in an address ends in somebody's log.
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

    /// INT-02: `active` alone is required, and a token that is not is a normal answer.
    private func state(_ response: EndpointResponse) -> TokenHealth {
        guard case .success(let object) = JSONObject.read(response.body), case .bool(let isActive)? = object["active"] else {
            let text = "'\(endpoint)' answered \(response.status) without saying whether the token is active"
            return .unknown(ExchangeFailure(law: .answered(retryAfter: nil), reach: .credential, status: response.status, text: text))
        }
        guard isActive else { return .refused("'\(endpoint)' says that it is not active") }
        return .good(expires: object.seconds("exp"))
    }

    /// INT-04: a 401 is about who asks. Some servers let only an API ask, which is another kind of client.
    private func refusal(_ response: EndpointResponse, _ now: Int64) -> ExchangeFailure {
        let error = OAuthError(response.body, redacting: client.secrets + [token, token.formEncoded])
        var text = "'\(endpoint)' answered \(response.status)" + (error.map { " \($0)" } ?? "")
        if [401, 403].contains(response.status) { text += ", so this client may not ask it; check its secret, or probe by a url instead" }
        return ExchangeFailure(response, error, to: .question, now: now, text: text)
    }
}

extension JSONObject {
    /// A time in seconds since the epoch (RFC 7519 section 2, NumericDate); `nil` for anything that is none.
    fileprivate func seconds(_ name: String) -> Int64? {
        guard case .number(let text)? = self[name], let seconds = Double(text), (1...253_402_300_799).contains(seconds) else { return nil }
        return Int64(seconds)
    }
}
