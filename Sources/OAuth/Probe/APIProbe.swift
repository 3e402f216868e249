package import Secrets

/// A harmless GET with a token in exactly one header, as consumers send it (STAT-03). Only the status matters; the body is ignored.
package struct APIProbe: Sendable {
    let address: HTTPSURL
    private let header: (name: String, value: Secret)

    /// - Parameter address: the configured URL, on any host.
    package init(at address: HTTPSURL, with header: (name: String, value: Secret)) {
        self.address = address
        self.header = header
    }

    /// Uses a new connection, so that an existing TLS session cannot answer for a new one.
    func message() -> EndpointRequest {
        EndpointRequest(method: .get, url: address.text, headers: [header], freshConnection: true)
    }

    /// A 401 is about the token and a 403 about its permissions: both mean that the API has read it (RFC 6750 section 3.1). Another status that says
    /// nothing about the token means a wrong URL, unless it may pass.
    func health(in response: EndpointResponse, _ now: Int64) -> TokenHealth {
        let answered = "'\(address)' answered \(response.status)"
        switch response.status {
        case 200..<300, 403: return .good(expires: nil)
        case 401: return .refused(answered)
        case 408, 429, 500...599:
            let law = ExchangeFailure.Law.answered(retryAfter: response.retryDelay(now: now))
            return .unknown(ExchangeFailure(law: law, reach: .credential, status: response.status, text: answered))
        case 300..<400:
            return .unknown(
                .configuration("\(answered), \(response.redirection); write an address that is not redirected", status: response.status))
        default:
            return .unknown(.configuration("\(answered), which says nothing about the token; write another address", status: response.status))
        }
    }
}
