/// The location of an authorization server and how to connect to it, as configured.
package struct ServerSettings: Hashable, Sendable {
    package var location: ServerLocation
    /// Endpoints that are configured instead of discovered. They take precedence over the metadata.
    package var endpoints: PinnedEndpoints
    /// A PEM file with the CA certificates to trust instead of the system's.
    package var caFile: String?
    package var proxy: ProxySettings?
    /// The timeout of an HTTP exchange in seconds.
    package var timeout: Int
    /// Whether a token response without `token_type`, or with an undefined one, is taken as Bearer (some documented ERP.net responses omit it).
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

/// How the issuer is found. All values are absolute https URLs without query or fragment.
package enum ServerLocation: Hashable, Sendable {
    /// `issuer = "https://…"`: OpenID Connect Discovery at exactly this issuer.
    case issuer(String)
    /// `erpnet = "https://…"`: ERP.net site auto-discovery at the instance root, then discovery at the Identity site. The Identity site must be on
    /// the same host, unless `issuer` also names it.
    case erpnet(root: String, issuer: String?)
}

/// The endpoint URLs of `[endpoints]`.
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
