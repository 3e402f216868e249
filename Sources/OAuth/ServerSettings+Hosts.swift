extension ServerSettings {
    /// The hosts that requests for an application go to: names, or addresses without brackets, in no order. Discovery leads nowhere else, for
    /// whatever it finds on another host has to be pinned. Where there is a proxy it is the only one that is connected.
    /// - Parameter apis: https addresses that are asked as well, about reference tokens.
    package func hosts(apis: [String] = []) -> Set<String> {
        if let proxy { return Set([Self.hostOfProxy(proxy.url)].compactMap(\.self)) }
        let locations =
            switch location {
            case .issuer(let issuer): [issuer]
            case .erpnet(let root, let issuer): [root, issuer].compactMap(\.self)
            }
        // the others are the browser's
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
