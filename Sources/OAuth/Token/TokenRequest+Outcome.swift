package import Secrets

extension TokenRequest {
    /// Reads what came back.
    /// - Parameter now: wall time in seconds, for a `Retry-After` that is a date.
    package func outcome(of result: EndpointResult, now: Int64) -> ExchangeOutcome {
        switch result {
        case .fault(let fault):
            .failure(ExchangeFailure(fault, asking: "a token from '\(endpoint)'", spendsNothing: false))
        case .response(let response):
            (200..<300).contains(response.status) ? granted(response) : .failure(refusal(response, now))
        }
    }

    /// The refresh token of a 2xx answer, however unusable the rest of it is: the one that was sent may be spent, so this
    /// one is kept before anything else is looked at. `nil` when there is none, when it is none that could be sent, and when the
    /// body is not whole.
    package func successor(in result: EndpointResult) -> Secret? {
        guard grant.takesRefreshToken, case .response(let response) = result, (200..<300).contains(response.status),
            case .success(let object) = JSONObject.read(response.body)
        else { return nil }
        do throws(TokenResponse.Problem) {
            return try TokenResponse(object).refreshToken()
        } catch {
            return nil
        }
    }

    private func granted(_ response: EndpointResponse) -> ExchangeOutcome {
        switch JSONObject.read(response.body) {
        case .failure(let problem):
            return .failure(malformed("the answer \(response.words(for: problem))", response.status, cameWhole: response.isAnotherFormat))
        case .success(let object):
            if object["access_token"] == nil, let error = OAuthError(object, withholding: secrets) {
                guard error.code == nil else { return .failure(failure(error, status: response.status)) }
                return .failure(malformed("without an access_token \(error)", response.status, cameWhole: true))
            }
            return issued(object, response.status)
        }
    }

    private func issued(_ object: JSONObject, _ status: Int) -> ExchangeOutcome {
        do throws(TokenResponse.Problem) {
            let response = TokenResponse(object)
            let accessToken = try response.accessToken()
            try response.checkType(assumesBearer: assumesBearer, withholding: secrets)
            return .success(
                IssuedTokens(
                    accessToken: accessToken, lifetime: try response.lifetime(), scopes: try response.scopes(),
                    refreshToken: grant.takesRefreshToken ? try response.refreshToken() : nil,
                    refreshLifetime: grant.takesRefreshToken ? response.refreshLifetime() : nil,
                    idToken: try response.optionalToken("id_token")))
        } catch {
            switch error {
            case .malformed(let text): return .failure(malformed(text, status, cameWhole: true))
            case .unusable(let text): return .failure(.configuration("'\(endpoint)' answered \(status), but \(text)", status: status))
            }
        }
    }

    /// The server may have acted, and what it said of that is lost, or came whole and is of no use.
    private func malformed(_ text: String, _ status: Int, cameWhole: Bool) -> ExchangeFailure {
        var failure = ExchangeFailure(
            law: .unknown, reach: .credential, status: status, text: "'\(endpoint)' answered \(status), but \(text)")
        failure.cameWhole = cameWhole
        return failure
    }

    /// By status where that says whether to wait, else by the server's `error`, else by what is left of the status.
    private func refusal(_ response: EndpointResponse, _ now: Int64) -> ExchangeFailure {
        let error = OAuthError(response.body, withholding: secrets)
        let status = response.status
        switch status {
        case 429, 503:
            return failure(.answered(retryAfter: response.retryDelay(now: now)), .server, error, status)
        case 500:
            return failure(.answered(retryAfter: response.retryDelay(now: now)), .credential, error, status)
        case 408, 501...599, ..<300:
            return failure(.unknown, .credential, error, status)
        case 300..<400:
            return failure(.configuration, .credential, nil, status, "a redirect, which is never followed; check the address")
        default:
            guard let error, error.code != nil else { return silentRefusal(status, error) }
            return failure(error, status: status, retryAfter: response.retryDelay(now: now))
        }
    }

    private func silentRefusal(_ status: Int, _ error: OAuthError?) -> ExchangeFailure {
        switch status {
        case 401:
            failure(.configuration, .credential, error, status, "which means that the client id or its secret is wrong")
        case 404, 405, 410, 415:
            failure(.configuration, .credential, error, status, "so it is no token endpoint; check its address")
        default:
            failure(.no, .credential, error, status, "without saying why; check the client id, its secret and what is asked for")
        }
    }

    /// By the `error` alone: descriptions are for people, and servers disagree about the status (ERR-01). One that nobody
    /// defined is final until somebody has looked.
    private func failure(_ error: OAuthError, status: Int, retryAfter: Int? = nil) -> ExchangeFailure {
        let law: ExchangeFailure.Law =
            switch error.code {
            case "temporarily_unavailable", "server_error": .answered(retryAfter: retryAfter)
            case "invalid_grant": grant.lawOfInvalidGrant
            case "invalid_request": grant.lawOfInvalidRequest
            default: .configuration
            }
        return failure(law, .credential, error, status)
    }

    private func failure(
        _ law: ExchangeFailure.Law, _ reach: ExchangeFailure.Reach, _ error: OAuthError?, _ status: Int, _ remark: String? = nil
    ) -> ExchangeFailure {
        var text = "'\(endpoint)' answered \(status)"
        if let error { text += " \(error)" }
        if let remark { text += ", \(remark)" }
        return ExchangeFailure(law: law, reach: reach, oauthError: error?.code, status: status, text: text)
    }

    /// What was sent and must not come back in a text.
    private var secrets: [Secret] { client.secrets + grant.secrets }
}
