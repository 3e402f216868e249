package import Secrets

/// Tells a server that a token is not needed any more (RFC 7009). It can be repeated at will.
package struct RevocationRequest: Sendable {
    /// What kind of token it is; a server looks among the others too.
    package enum Hint: String, Hashable, Sendable, CaseIterable {
        case refreshToken = "refresh_token"
        case accessToken = "access_token"
    }

    package enum Outcome: Hashable, Sendable {
        /// the server does not know it any more, or never did: both are said alike
        case revoked
        /// the server does not revoke tokens, or none of this kind: to forget it here is all that can be done; why, in a sentence
        case unsupported(String)
        /// The token may be good still.
        case failed(ExchangeFailure)
    }

    private let token: Secret
    private let hint: Hint
    private let client: ClientIdentity
    private let endpoint: HTTPSURL

    /// - Parameter endpoint: from the metadata of the server that issued the token, for nobody else may see it.
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

    /// - Parameter now: wall time in seconds, for a `Retry-After` that is a date.
    package func outcome(of result: EndpointResult, now: Int64) -> Outcome {
        switch result {
        case .fault(let fault): .failed(ExchangeFailure(fault, asking: "a token revoked by '\(endpoint)'", isRepeatable: true))
        case .response(let response): outcome(of: response, now)
        }
    }

    /// The body of a success means nothing (RFC 7009 section 2.2).
    private func outcome(of response: EndpointResponse, _ now: Int64) -> Outcome {
        if (200..<300).contains(response.status) { return .revoked }
        let error = OAuthError(response.body, redacting: client.secrets + [token, token.formEncoded])
        guard error?.code != "unsupported_token_type" else { return .unsupported("'\(endpoint)' does not revoke refresh tokens") }
        var text = "'\(endpoint)' answered \(response.status)" + (error.map { " \($0)" } ?? "")
        if error?.code == "invalid_client", let doubt = client.basicEncodingHint { text += ", \(doubt)" }
        return .failed(ExchangeFailure(response, error, to: .question, now: now, text: text))
    }
}
