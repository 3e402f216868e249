/// What a look at a token has shown.
package enum TokenHealth: Hashable, Sendable {
    /// It is taken. `expires`: its end as the server told it, in seconds since the epoch; a hint (INT-06).
    case good(expires: Int64?)
    /// It is not: revoked or expired, as far as whoever was asked can tell. One line that says who answered what.
    case refused(String)
    /// Nothing was learned about it. The laws `no` and `configuration` are about the look itself: somebody has to change something.
    case unknown(ExchangeFailure)
}

/// One look at a token: how it is asked, and how the answer is read. It spends nothing and can be repeated at will.
package enum TokenProbe: Sendable {
    case api(APIProbe)
    case introspection(IntrospectionRequest)

    package func message() -> EndpointRequest {
        switch self {
        case .api(let probe): probe.message()
        case .introspection(let request): request.message()
        }
    }

    /// - Parameter now: wall time in seconds, for a `Retry-After` that is a date.
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
