/// The result of testing a token.
package enum TokenHealth: Hashable, Sendable {
    /// The token is accepted. `expires`: its end in seconds since the epoch as the server reported it, which is a hint only (INT-06).
    case good(expires: Int64?)
    /// The token is revoked or expired, as far as the server can tell. The text says who answered what.
    case refused(String)
    /// Nothing was learned about the token. The classes `no` and `configuration` concern the test itself: somebody must change something.
    case unknown(ExchangeFailure)
}

/// A test of a token: the request, and the interpretation of its response. It consumes nothing and can be repeated.
package enum TokenProbe: Sendable {
    case api(APIProbe)
    case introspection(IntrospectionRequest)

    package func message() -> EndpointRequest {
        switch self {
        case .api(let probe): probe.message()
        case .introspection(let request): request.message()
        }
    }

    /// - Parameter now: the wall clock in seconds, for a `Retry-After` that is a date.
    package func health(in result: EndpointResult, now: Int64) -> TokenHealth {
        switch result {
        case .fault(let fault): .unknown(ExchangeFailure(fault, asking: "'\(endpoint)'", isRepeatable: true))
        case .response(let response):
            switch self {
            case .api(let probe): probe.health(in: response, now)
            case .introspection(let request): request.health(in: response, now)
            }
        }
    }

    private var endpoint: HTTPSURL {
        switch self {
        case .api(let probe): probe.address
        case .introspection(let request): request.endpoint
        }
    }
}
