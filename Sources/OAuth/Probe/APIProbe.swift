package import Secrets

/// A harmless GET with a token, as its consumers send it: in exactly one header (STAT-03). The status alone counts; the body is ignored.
package struct APIProbe: Sendable {
    let address: HTTPSURL
    private let header: (name: String, value: Secret)

    /// - Parameter address: the operator's explicit word, on whatever host it is.
    package init(at address: HTTPSURL, with header: (name: String, value: Secret)) {
        self.address = address
        self.header = header
    }

    /// On a connection of its own: a session of TLS that was made before must not answer for one that is made now.
    func message() -> EndpointRequest {
        EndpointRequest(method: .get, url: address.text, headers: [header], freshConnection: true)
    }

    /// A 401 is about the token, a 403 about what it may do: whoever says so has read it (RFC 6750 section 3.1). What says nothing about the token is a
    /// wrong address, unless it may pass.
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
                .configuration("\(answered), \(response.redirection); write an address that answers by itself", status: response.status))
        default:
            return .unknown(.configuration("\(answered), which says nothing about the token; write another address", status: response.status))
        }
    }
}
