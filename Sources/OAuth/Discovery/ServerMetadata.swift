internal import Codecs

/// The metadata of an authorization server, merged with the pinned endpoints (RFC 8414, OpenID Connect Discovery 1.0).
package struct ServerMetadata: Sendable {
    /// An endpoint, with its name in the metadata.
    package enum Endpoint: String, Sendable, CaseIterable {
        case token = "token_endpoint"
        case authorization = "authorization_endpoint"
        case keys = "jwks_uri"
        case revocation = "revocation_endpoint"
        case introspection = "introspection_endpoint"
        case device = "device_authorization_endpoint"
        case endSession = "end_session_endpoint"
    }

    /// The issuer, equal to the configured one code point by code point. `nil` if nothing was discovered and none is configured.
    package let issuer: String?
    /// The URL of the metadata document. `nil` if nothing was discovered.
    package internal(set) var source: String?
    /// Seconds by which the server's clock was ahead of this machine's when it sent the document (TIME-03). `nil` if it sent no `Date`.
    package internal(set) var clockAhead: Int64?
    /// The default values are those of RFC 8414 section 2.
    package var authenticationMethods = ["client_secret_basic"]
    package var grantTypes = ["authorization_code", "implicit"]
    package var responseModes = ["query", "fragment"]
    /// The PKCE methods. Empty if the server does not list them (DISC-12).
    package var challengeMethods: [String] = []
    /// Empty if the server does not list them.
    package var responseTypes: [String] = []
    /// The signature algorithms of ID tokens. Every server must support RS256 (OpenID Connect Discovery 1.0 section 3).
    package var identityAlgorithms = ["RS256"]
    /// Whether every authorization response contains `iss` (RFC 9207 section 3).
    package var namesIssuerInResponses = false
    private var endpoints: [Endpoint: Result<HTTPSURL, ExchangeFailure>] = [:]
    /// Why only pinned endpoints are available; `nil` after a discovery.
    package let absence: ExchangeFailure?

    /// - Parameter absence: why nothing was discovered, so that only the pinned endpoints are available.
    init(issuer: String?, pinned: PinnedEndpoints, absence: ExchangeFailure? = nil) {
        self.issuer = issuer
        self.absence = absence
        // nothing lists the permitted algorithms: any that fits a published key is accepted, and none of ours is symmetric
        if absence != nil { identityAlgorithms = SigningAlgorithm.allCases.map(\.rawValue) }
        for endpoint in Endpoint.allCases {
            guard let text = pinned[endpoint] else { continue }
            endpoints[endpoint] = Self.checked(text, as: endpoint, on: nil)
        }
    }

    /// The URL of an endpoint. The error says why there is none, and the remedy. No path is ever guessed (DISC-11).
    package func url(of endpoint: Endpoint) throws(ExchangeFailure) -> HTTPSURL {
        guard let found = endpoints[endpoint] else {
            if let absence { throw absence }
            throw .configuration(
                "the metadata of '\(issuer ?? "")' name no \(endpoint.rawValue); if there is one, write it under [endpoints] as \(endpoint.key)")
        }
        return try found.get()
    }

    /// Whether the metadata or the configuration contain this endpoint; `url(of:)` may still reject it.
    package func names(_ endpoint: Endpoint) -> Bool { endpoints[endpoint] != nil }

    /// Whether the metadata would make a request fail that needs these endpoints. An empty list stands for a sign-in.
    func lacks(_ needed: [Endpoint]) -> Bool {
        let isMissing = { (endpoint: Endpoint) in (try? url(of: endpoint)) == nil }
        guard needed.isEmpty else { return needed.contains(where: isMissing) }
        return [.authorization, .token, .keys].contains(where: isMissing) || !allowsChallenge || !AuthorizationRequest.ResponseType.allCases.allSatisfy(allows)
    }

    /// Adds the values of a metadata document to the pinned endpoints. Unknown members are ignored. An invalid endpoint fails only requests that need
    /// it.
    mutating func add(_ document: JSONObject, from issuer: HTTPSURL) {
        authenticationMethods = document.texts("token_endpoint_auth_methods_supported") ?? authenticationMethods
        grantTypes = document.texts("grant_types_supported") ?? grantTypes
        responseModes = document.texts("response_modes_supported") ?? responseModes
        challengeMethods = document.texts("code_challenge_methods_supported") ?? challengeMethods
        responseTypes = document.texts("response_types_supported") ?? responseTypes
        identityAlgorithms = document.texts("id_token_signing_alg_values_supported") ?? identityAlgorithms
        if case .bool(let flag)? = document["authorization_response_iss_parameter_supported"] { namesIssuerInResponses = flag }
        for endpoint in Endpoint.allCases where endpoints[endpoint] == nil {
            guard let text = document.text(endpoint.rawValue) else { continue }
            endpoints[endpoint] = Self.checked(text, as: endpoint, on: issuer)
        }
    }

    /// An endpoint on a host that the administrator did not name could belong to an attacker, or to a machine of the internal network (DISC-09,
    /// NET-12). Another port of the issuer's host is permitted: only the owner of the host's certificate can answer there.
    private static func checked(_ text: String, as endpoint: Endpoint, on issuer: HTTPSURL?) -> Result<HTTPSURL, ExchangeFailure> {
        do throws(HTTPSURL.Problem) {
            let url = try HTTPSURL(text, allowsQuery: true)
            guard let issuer, !url.isOnSameHost(as: issuer) else { return .success(url) }
            return .failure(
                .configuration(
                    "the metadata of '\(issuer)' name a \(endpoint.rawValue) on another host, '\(url.host)'; "
                        + "if that is meant, write \(endpoint.key) = \"\(url.text)\" under [endpoints]"))
        } catch {
            return .failure(.configuration("the \(endpoint.rawValue) '\(text.shown())' \(error)"))
        }
    }
}

extension ServerMetadata.Endpoint {
    /// The key under `[endpoints]`.
    package var key: String {
        switch self {
        case .token: "token"
        case .authorization: "authorization"
        case .keys: "jwks"
        case .revocation: "revocation"
        case .introspection: "introspection"
        case .device: "device"
        case .endSession: "end_session"
        }
    }
}

extension PinnedEndpoints {
    subscript(endpoint: ServerMetadata.Endpoint) -> String? {
        switch endpoint {
        case .token: token
        case .authorization: authorization
        case .keys: jwks
        case .revocation: revocation
        case .introspection: introspection
        case .device: device
        case .endSession: endSession
        }
    }
}
