package import Secrets

/// Token revocation (RFC 7009). It can be repeated freely.
package struct RevocationRequest: Sendable {
    /// The type of the token. The server also searches the other types.
    package enum Hint: String, Hashable, Sendable, CaseIterable {
        case refreshToken = "refresh_token"
        case accessToken = "access_token"
    }

    package enum Outcome: Hashable, Sendable {
        /// the token is invalid at the server, which may also never have known it: both have the same response
        case revoked
        /// the server does not revoke tokens, or none of this type, so the token can only be deleted here; the reason as a sentence
        case unsupported(String)
        /// The token may still be valid.
        case failed(ExchangeFailure)
    }

    private let token: Secret
    private let hint: Hint
    private let client: ClientIdentity
    private let endpoint: HTTPSURL

    /// - Parameter endpoint: from the metadata of the issuing server, because no other server may see the token.
    package init(_ token: Secret, _ hint: Hint, as client: ClientIdentity, at endpoint: HTTPSURL) {
        self.token = token
        self.hint = hint
        self.client = client
        self.endpoint = endpoint
    }

    package func message() -> EndpointRequest {
        let form = FormBody()
        form.add("token", token)
        form.add("token_type_hint", hint.rawValue)
        let headers = client.authenticate(form)
        return EndpointRequest(method: .post(form: form.secret), url: endpoint.text, headers: headers)
    }

    /// - Parameter now: the wall clock in seconds, for a `Retry-After` that is a date.
    package func outcome(of result: EndpointResult, now: Int64) -> Outcome {
        switch result {
        case .fault(let fault): .failed(ExchangeFailure(fault, asking: "a token revoked by '\(endpoint)'", isRepeatable: true))
        case .response(let response): outcome(of: response, now)
        }
    }

    /// The body of a success has no meaning (RFC 7009 section 2.2).
    private func outcome(of response: EndpointResponse, _ now: Int64) -> Outcome {
        if (200..<300).contains(response.status) { return .revoked }
        let error = OAuthError(response.body, redacting: client.secrets + [token, token.formEncoded])
        guard error?.code != "unsupported_token_type" else { return .unsupported("'\(endpoint)' does not revoke refresh tokens") }
        var text = "'\(endpoint)' answered \(response.status)" + (error.map { " \($0)" } ?? "")
        if error?.code == "invalid_client", let doubt = client.basicEncodingHint { text += ", \(doubt)" }
        return .failed(ExchangeFailure(response, error, to: .question, now: now, text: text))
    }
}
