/// What an authorization server says about itself, or the administrator says in its place (RFC 8414, OpenID Connect Discovery 1.0).
package struct ServerMetadata: Sendable {
    /// An endpoint, under its name in the metadata.
    package enum Endpoint: String, Sendable, CaseIterable {
        case token = "token_endpoint"
        case authorization = "authorization_endpoint"
        case keys = "jwks_uri"
        case revocation = "revocation_endpoint"
        case introspection = "introspection_endpoint"
        case device = "device_authorization_endpoint"
        case endSession = "end_session_endpoint"
    }

    /// The issuer, checked code point by code point against the configured one; `nil` when nothing was discovered and none is configured.
    package let issuer: String?
    /// The address whose document this is; `nil` when nothing was discovered.
    package internal(set) var source: String?
    /// Seconds by which the server's clock was ahead of this machine's when it sent the document (TIME-03); `nil` when it did not say.
    package internal(set) var clockAhead: Int64?
    /// The defaults of RFC 8414 section 2 where the server says nothing.
    package var authenticationMethods = ["client_secret_basic"]
    package var grantTypes = ["authorization_code", "implicit"]
    package var responseModes = ["query", "fragment"]
    /// PKCE; empty when the server does not say (DISC-12).
    package var challengeMethods: [String] = []
    /// Empty when the server does not say.
    package var responseTypes: [String] = []
    /// What ID tokens may be signed with; RS256 is what every server must be able to (OpenID Connect Discovery 1.0 section 3).
    package var identityAlgorithms = ["RS256"]
    /// Whether every answer to an authorization request names the issuer (RFC 9207 section 3).
    package var namesIssuerInResponses = false
    private var endpoints: [Endpoint: Result<HTTPSURL, ExchangeFailure>] = [:]
    /// Why there is nothing but what is pinned; `nil` after a discovery.
    package let absence: ExchangeFailure?

    /// - Parameter absence: why nothing was discovered, and no endpoint is there that is not pinned.
    init(issuer: String?, pinned: PinnedEndpoints, absence: ExchangeFailure? = nil) {
        self.issuer = issuer
        self.absence = absence
        // nobody says what is allowed: any algorithm that a published key fits, and none of ours is symmetric
        if absence != nil { identityAlgorithms = SigningAlgorithm.allCases.map(\.rawValue) }
        for endpoint in Endpoint.allCases {
            guard let text = pinned[endpoint] else { continue }
            endpoints[endpoint] = Self.checked(text, as: endpoint, on: nil)
        }
    }

    /// Where to send a request; the failure says why there is nowhere, and what to do about it. No path is ever guessed (DISC-11).
    package func url(of endpoint: Endpoint) throws(ExchangeFailure) -> HTTPSURL {
        guard let found = endpoints[endpoint] else {
            if let absence { throw absence }
            throw .configuration(
                "the metadata of '\(issuer ?? "")' name no \(endpoint.rawValue); if there is one, write it under [endpoints] as \(endpoint.key)")
        }
        return try found.get()
    }

    /// Whether there is an endpoint of this kind at all; `url` may still refuse it.
    package func names(_ endpoint: Endpoint) -> Bool { endpoints[endpoint] != nil }

    /// Whether something that needs these endpoints would be refused because of what the metadata say: a sign-in, where none is named.
    func lacks(_ needed: [Endpoint]) -> Bool {
        let isMissing = { (endpoint: Endpoint) in (try? url(of: endpoint)) == nil }
        guard needed.isEmpty else { return needed.contains(where: isMissing) }
        return [.authorization, .token, .keys].contains(where: isMissing) || !allowsChallenge || !AuthorizationRequest.ResponseType.allCases.allSatisfy(allows)
    }

    /// Takes over what a metadata document says, beside what is pinned. Unknown members are ignored, and what is wrong with one
    /// endpoint matters only to those who need it.
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

    /// An endpoint on a host that the operator did not name could be an attacker's, or a machine of the inner network (DISC-09, NET-12).
    /// Another port of the issuer's host is allowed: only who contains the key of the host's certificate can answer there.
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
    /// Its key under `[endpoints]`.
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
