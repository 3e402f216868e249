extension ServerSettings {
    /// The hosts that requests of an application connect to: names, or IP addresses without brackets, unordered. Discovery adds no other host,
    /// because an endpoint on another host must be pinned. With a proxy, the proxy is the only host.
    /// - Parameter apis: https URLs that reference tokens are tested at.
    package func hosts(apis: [String] = []) -> Set<String> {
        if let proxy { return Set([Self.hostOfProxy(proxy.url)].compactMap(\.self)) }
        let locations =
            switch location {
            case .issuer(let issuer): [issuer]
            case .erpnet(let root, let issuer): [root, issuer].compactMap(\.self)
            }
        // the browser connects to the other endpoints
        let pinned = [endpoints.token, endpoints.jwks, endpoints.revocation, endpoints.introspection, endpoints.device].compactMap(\.self)
        return Set((locations + pinned + apis).compactMap { text in (try? HTTPSURL(text, allowsQuery: true)).map { Self.bare($0.host) } })
    }

    /// `http://host:port`
    private static func hostOfProxy(_ text: String) -> String? {
        guard let authority = text.split(separator: "/").last, let colon = authority.lastIndex(of: ":") else { return nil }
        return bare(String(authority[..<colon]))
    }

    private static func bare(_ host: String) -> String { String(host.drop { $0 == "[" }.prefix { $0 != "]" }) }
}
