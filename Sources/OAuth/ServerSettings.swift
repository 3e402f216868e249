/// Where an authorization server is and how it is reached, as the administrator wrote it.
package struct ServerSettings: Hashable, Sendable {
    package var location: ServerLocation
    /// Endpoints that are pinned instead of discovered; a pinned one always wins.
    package var endpoints: PinnedEndpoints
    /// PEM file of the certificate authorities to trust instead of the system's.
    package var caFile: String?
    package var proxy: ProxySettings?
    /// Seconds for one whole HTTP exchange.
    package var timeout: Int
    /// Whether a token response without `token_type`, or with one that nobody defined, is taken as Bearer (ERP.net's printed ones omit it).
    package var assumesBearer: Bool

    package static let defaultTimeout = 30

    package init(
        location: ServerLocation, endpoints: PinnedEndpoints = PinnedEndpoints(), caFile: String? = nil, proxy: ProxySettings? = nil,
        timeout: Int = defaultTimeout, assumesBearer: Bool = false
    ) {
        self.location = location
        self.endpoints = endpoints
        self.caFile = caFile
        self.proxy = proxy
        self.timeout = timeout
        self.assumesBearer = assumesBearer
    }
}

/// How the issuer is found. All texts are absolute https URLs without query or fragment.
package enum ServerLocation: Hashable, Sendable {
    /// `issuer = "https://…"`: OpenID Connect discovery at this exact issuer.
    case issuer(String)
    /// `erpnet = "https://…"`: ERP.net site auto-discovery at the instance root, then discovery at the Identity site. The
    /// Identity site must be on the same host, unless `issuer` names it as well.
    case erpnet(root: String, issuer: String?)
}

/// Endpoint URLs from `[endpoints]`.
package struct PinnedEndpoints: Hashable, Sendable {
    package var token: String?
    package var authorization: String?
    package var jwks: String?
    package var revocation: String?
    package var introspection: String?
    package var device: String?
    package var endSession: String?

    package init() {}
}
