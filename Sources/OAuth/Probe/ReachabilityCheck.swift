internal import Secrets

/// An empty POST that shows whether a token endpoint exists: the endpoint answers that parameters are missing. Many endpoints do not support GET (RFC
/// 6749 section 3.2).
package struct ReachabilityCheck: Sendable {
    private let endpoint: HTTPSURL

    package init(at endpoint: HTTPSURL) { self.endpoint = endpoint }

    package func message() -> EndpointRequest { EndpointRequest(method: .post(form: Secret("")), url: endpoint.text) }

    /// The status of the response.
    /// - Parameter now: the wall clock in seconds, for a `Retry-After` that is a date.
    package func status(in result: EndpointResult, now: Int64) throws(ExchangeFailure) -> Int {
        switch result {
        case .fault(let fault): throw ExchangeFailure(fault, asking: "'\(endpoint)'", isRepeatable: true)
        case .response(let response):
            guard ![408, 429].contains(response.status), response.status < 500 else {
                let law = ExchangeFailure.Law.answered(retryAfter: response.retryDelay(now: now))
                throw ExchangeFailure(law: law, reach: .credential, status: response.status, text: "'\(endpoint)' answered \(response.status)")
            }
            return response.status
        }
    }
}
