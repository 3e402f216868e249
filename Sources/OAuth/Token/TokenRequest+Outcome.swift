internal import Codecs
package import Secrets

extension TokenRequest {
    /// Reads the response.
    /// - Parameter now: the wall clock in seconds, for a `Retry-After` that is a date.
    package func outcome(of result: EndpointResult, now: Int64) -> ExchangeOutcome {
        switch result {
        case .fault(let fault):
            .failure(ExchangeFailure(fault, asking: "a token from '\(endpoint)'", isRepeatable: false))
        case .response(let response):
            (200..<300).contains(response.status) ? granted(response, now) : .failure(refusal(response, now))
        }
    }

    /// The refresh token of a 2xx response, even if the rest of the response is unusable: the previous refresh token may be invalid, so this one is
    /// stored before anything else is examined. `nil` if there is none, if it is not a valid token, or if the body is incomplete.
    package func successor(in result: EndpointResult) -> Secret? {
        guard grant.mayReturnRefreshToken, case .response(let response) = result, (200..<300).contains(response.status),
            case .success(let object) = JSONObject.read(response.body)
        else { return nil }
        do throws(TokenResponse.Problem) {
            return try TokenResponse(object).refreshToken()
        } catch {
            return nil
        }
    }

    private func granted(_ response: EndpointResponse, _ now: Int64) -> ExchangeOutcome {
        switch JSONObject.read(response.body) {
        case .failure(let problem):
            return .failure(malformed("the answer \(response.description(of: problem))", response.status, cameWhole: response.isAnotherFormat))
        case .success(let object):
            if object["access_token"] == nil, let error = OAuthError(object, redacting: secrets) {
                guard error.code == nil else { return .failure(failure(response, error, now)) }
                return .failure(malformed("without an access_token \(error)", response.status, cameWhole: true))
            }
            return issued(object, response.status)
        }
    }

    private func issued(_ object: JSONObject, _ status: Int) -> ExchangeOutcome {
        do throws(TokenResponse.Problem) {
            let response = TokenResponse(object)
            let accessToken = try response.accessToken()
            try response.checkType(assumesBearer: assumesBearer, redacting: secrets)
            return .success(
                IssuedTokens(
                    accessToken: accessToken, lifetime: try response.lifetime(), scopes: try response.scopes(),
                    refreshToken: grant.mayReturnRefreshToken ? try response.refreshToken() : nil,
                    refreshLifetime: grant.mayReturnRefreshToken ? response.refreshLifetime() : nil,
                    idToken: try response.optionalToken("id_token")))
        } catch {
            switch error {
            case .malformed(let text): return .failure(malformed(text, status, cameWhole: true))
            case .unusable(let text): return .failure(.configuration("'\(endpoint)' answered \(status), but \(text)", status: status))
            }
        }
    }

    /// The server may have acted, and its response was lost or is unusable.
    private func malformed(_ text: String, _ status: Int, cameWhole: Bool) -> ExchangeFailure {
        var failure = ExchangeFailure(
            law: .unknown, reach: .credential, status: status, text: "'\(endpoint)' answered \(status), but \(text)")
        failure.cameWhole = cameWhole
        return failure
    }

    private func refusal(_ response: EndpointResponse, _ now: Int64) -> ExchangeFailure {
        failure(response, (300..<400).contains(response.status) ? nil : OAuthError(response.body, redacting: secrets), now)
    }

    private func failure(_ response: EndpointResponse, _ error: OAuthError?, _ now: Int64) -> ExchangeFailure {
        var text = "'\(endpoint)' answered \(response.status)"
        if let error { text += " \(error)" }
        if error?.code == nil, let remark = Self.remark(response.status) { text += ", \(remark)" }
        if error?.code == "invalid_client", let doubt = client.basicEncodingHint { text += ", \(doubt)" }
        return ExchangeFailure(response, error, to: grant.sent, now: now, text: text)
    }

    /// The most likely meaning of a status without a readable error.
    private static func remark(_ status: Int) -> String? {
        switch status {
        case 300..<400: "a redirect, which is never followed; check the address"
        case 401: "which means that the client id or its secret is wrong"
        case 404, 405, 410, 415: "so it is not a token endpoint; check its address"
        case 408, 429, ..<300, 500...: nil
        default: "without saying why; check the client id, its secret and what is asked for"
        }
    }

    /// The values that were sent and must not appear in a text.
    private var secrets: [Secret] { client.secrets + grant.secrets }
}
