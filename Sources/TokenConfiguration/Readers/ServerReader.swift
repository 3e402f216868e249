internal import OAuth
internal import TokenLedger

/// Where the authorization server of an application is, and how it is reached.
struct ServerReader {
    let owner: UInt32
    let proxies: ProxyReader

    /// `nil` if the server, or the proxy on the way to it, cannot be told, which has then been reported.
    func read(_ table: TableReader) -> ServerSettings? {
        let location = location(table)
        let endpoints = table.table("endpoints").map(endpoints) ?? PinnedEndpoints()
        let caFile = table.value("ca_file", authorities)
        let route = proxies.read(table)
        let timeout = table.value("timeout") { (node) throws(Complaint) in try node.integer(in: 1...600, "seconds") }
        let assumesBearer = table.value("assume_bearer") { (node) throws(Complaint) in try node.flag() }
        guard let location, let route else { return nil }
        return ServerSettings(
            location: location, endpoints: endpoints, caFile: caFile, proxy: route.proxy,
            timeout: timeout ?? ServerSettings.defaultTimeout, assumesBearer: assumesBearer ?? location.isERPNet)
    }

    private func location(_ table: TableReader) -> ServerLocation? {
        let hasRoot = table.node("erpnet") != nil
        guard hasRoot || table.node("issuer") != nil else {
            table.problems.error(
                "is missing; write issuer = \"https://…\", or erpnet = \"https://…\" for an ERP.net instance", at: table.place.below("issuer"))
            return nil
        }
        let issuer = table.value("issuer", issuer)
        guard hasRoot else { return issuer.map { .issuer($0) } }
        return table.value("erpnet", address).map { .erpnet(root: $0, issuer: issuer) }
    }

    private func endpoints(_ table: TableReader) -> PinnedEndpoints {
        var endpoints = PinnedEndpoints()
        endpoints.token = table.value("token", endpoint)
        endpoints.authorization = table.value("authorization", endpoint)
        endpoints.jwks = table.value("jwks", endpoint)
        endpoints.revocation = table.value("revocation", endpoint)
        endpoints.endSession = table.value("end_session", endpoint)
        endpoints.introspection = table.value("introspection", endpoint)
        endpoints.device = table.value("device", endpoint)
        table.finish()
        return endpoints
    }

    private func address(_ node: ConfigurationNode) throws(Complaint) -> String { try Self.address(node, allowsQuery: false) }

    /// Not the address of the metadata, and not Entra's pattern for the issuers of all tenants: both are often copied from a page about the server.
    private func issuer(_ node: ConfigurationNode) throws(Complaint) -> String {
        let text = try node.text()
        if text.contains(where: "{<".contains) {
            throw Complaint("has a placeholder in it; write what your tenant has in its place, which at Entra is the directory (tenant) id")
        }
        let address = try Self.address(node, allowsQuery: false)
        if let issuer = MetadataLocation.issuer(ofMetadataAt: address) {
            throw Complaint("is the address of the metadata, not the issuer they name; write issuer = \(quoted(issuer))")
        }
        return address
    }

    /// An endpoint may have a query (RFC 6749 section 3.2).
    private func endpoint(_ node: ConfigurationNode) throws(Complaint) -> String { try Self.address(node, allowsQuery: true) }

    /// The text itself is not repeated: a user name in it could come with a password.
    private static func address(_ node: ConfigurationNode, allowsQuery: Bool) throws(Complaint) -> String {
        let text = try node.text()
        do {
            _ = try HTTPSURL(text, allowsQuery: allowsQuery)
            return text
        } catch {
            throw Complaint("\(error); write an address such as \"https://id.example.com/path\"")
        }
    }

    private func authorities(_ node: ConfigurationNode) throws(Complaint) -> String {
        let path = try node.text()
        guard path.hasPrefix("/") else { throw Complaint("must be an absolute path") }
        let file = try OpenedFile(path, followsLinks: true)
        try file.mustBelong(to: owner)
        try file.mustNotBeWritableByOthers()
        guard try file.text().contains("-----BEGIN CERTIFICATE-----") else { throw Complaint("\(file.shown) holds no certificate in PEM form") }
        return path
    }
}

extension ProxyReader.Route {
    fileprivate var proxy: ProxySettings? {
        switch self {
        case .direct: nil
        case .through(let proxy): proxy
        }
    }
}

extension ServerLocation {
    var isERPNet: Bool {
        switch self {
        case .issuer: false
        case .erpnet: true
        }
    }
}
