internal import OAuth
internal import TokenLedger
internal import TokenWire

/// One `[token.NAME]` table.
nonisolated struct TokenReader {
    let application: String
    let client: ClientReader.Client
    let peers: PeerReader

    private enum GrantWord: String, CaseIterable {
        case clientCredentials = "client_credentials"
        case authorizationCode = "authorization_code"
        case deviceCode = "device_code"
        case reference
        case jwtBearer = "jwt_bearer"
        case tokenExchange = "token_exchange"
    }

    /// `nil` if the token cannot be made from it, which has then been reported.
    func read(_ name: String, _ table: TableReader) -> TokenSettings? {
        let name = tokenName(name, table)
        let grant = grant(table)
        let scopes = scopes(table, grant)
        let audiences = audiences(table)
        let minValid = table.value("min_valid") { (node) throws(Complaint) in try node.integer(in: 0...86_400, "seconds") }
        let lifetime = table.value("assume_lifetime") { (node) throws(Complaint) in try node.integer(in: 1...31_536_000, "seconds") }
        let header = table.value("header") { (node) throws(Complaint) in try node.choice(of: HeaderForm.self) }
        let shared = table.value("shared") { (node) throws(Complaint) in try node.flag() }
        let keep = keep(table, grant, mayBeShared: shared ?? (table.node("shared") != nil))
        let allow = peers.entries(table, mostScopes: scopes, allowsLogin: grant != .clientCredentials)
        refuseForeignKeys(table, grant)
        table.finish()
        guard let name, grant == .clientCredentials else { return nil }
        return TokenSettings(
            name: name, grant: .clientCredentials, scopes: scopes ?? [], audiences: audiences.values, audienceParameter: audiences.parameter,
            minValid: minValid, keep: keep, shared: shared ?? false, assumeLifetime: lifetime ?? TokenSettings.defaultAssumedLifetime,
            header: header ?? .authorization, allow: allow)
    }

    private func tokenName(_ name: String, _ table: TableReader) -> TokenName? {
        if let name = TokenName(application: application, token: name) { return name }
        table.problems.error("a token's name has lower-case letters, digits, \"-\" and \"_\", at most 32; rename it", at: table.place)
        return nil
    }

    private func grant(_ table: TableReader) -> GrantWord? {
        let place = table.node("grant")?.place ?? table.place
        let word = table.required("grant", "write grant = \"client_credentials\"") { (node) throws(Complaint) in try node.choice(of: GrantWord.self) }
        switch word {
        case .clientCredentials:
            if client.proves == false {
                table.problems.error("client credentials need a client that proves itself; give [client] its secret", at: place)
            }
        case .authorizationCode, .deviceCode, .reference, .jwtBearer, .tokenExchange:
            table.problems.error("\(quoted(word?.rawValue ?? "")) is not supported by this version; use \"client_credentials\"", at: place)
        case nil:
            break
        }
        return word
    }

    private func keep(_ table: TableReader, _ grant: GrantWord?, mayBeShared: Bool) -> TokenSettings.Keep {
        guard let node = table.node("keep"),
            let keep = table.value("keep", { (node) throws(Complaint) in try node.choice(of: TokenSettings.Keep.self) })
        else { return .onDemand }
        if keep == .always, grant == .clientCredentials, !mayBeShared {
            table.problems.error(
                "\"always\" needs shared = true here: each consumer has a token of its own, and before anybody asks there is no consumer",
                at: node.place)
        }
        return keep
    }

    // MARK: what is asked of the server

    private func scopes(_ table: TableReader, _ grant: GrantWord?) -> [String]? {
        guard table.node("scopes") != nil else { return [] }
        return table.list("scopes") { (node) throws(Complaint) in
            let scope = try node.scope()
            // CC-04: IdentityServer answers invalid_scope
            if grant == .clientCredentials, ["openid", "profile", "offline_access"].contains(scope) {
                throw Complaint("\(quoted(scope)) is about a person who signs in; with client_credentials nobody does, so leave it out")
            }
            return scope
        }
    }

    private func audiences(_ table: TableReader) -> (values: [String], parameter: Audience.Parameter) {
        let parameter = table.value("audience_parameter") { (node) throws(Complaint) in try node.choice(of: Audience.Parameter.self) }
        if let node = table.node("audience_parameter"), table.node("audiences") == nil {
            table.problems.error("has no audiences to name; add audiences = [\"…\"] or leave it out", at: node.place)
        }
        let values = table.list("audiences") { (node) throws(Complaint) in
            let text = try node.text()
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw Complaint("must be printable ASCII without blanks") }
            if parameter ?? .resource == .resource { try Self.mustBeResource(text) }
            return text
        }
        return (values ?? [], parameter ?? .resource)
    }

    /// RES-01: an absolute URI without a fragment (RFC 8707 section 2).
    private static func mustBeResource(_ text: String) throws(Complaint) {
        let scheme = text.prefix { $0 != ":" }
        let isScheme = scheme.first?.isLetter == true && scheme.allSatisfy { $0.isLetter || $0.isNumber || "+-.".contains($0) }
        guard isScheme, scheme.utf8.count + 1 < text.utf8.count, !text.contains("#") else {
            throw Complaint(
                "\(quoted(text)) is not an absolute URI without \"#\", which a resource must be; "
                    + "for a server with names of its own write audience_parameter = \"audience\"")
        }
    }

    // MARK: keys of other grants

    private static let foreignKeys = [
        ("response_type", "grant \"authorization_code\""), ("redirect_uri", "grant \"authorization_code\""),
        ("value", "grant \"reference\""), ("expires", "grant \"reference\""),
        ("narrow", "grants with a refresh token"), ("refresh_dies_with_token", "grants with a refresh token"),
    ]

    /// Known for every grant; with one that is not supported yet, that alone is worth saying.
    private func refuseForeignKeys(_ table: TableReader, _ grant: GrantWord?) {
        for (key, owner) in Self.foreignKeys {
            guard let node = table.node(key), grant == .clientCredentials else { continue }
            table.problems.error("belongs to \(owner); client_credentials has no use for it, so remove it", at: node.place)
        }
    }
}

nonisolated extension ConfigurationNode {
    /// RFC 6749 section 3.3, `scope-token`.
    func scope() throws(Complaint) -> String {
        let scope = try text()
        guard !scope.utf8.contains(UInt8(ascii: " ")) else { throw Complaint("has a blank; write each scope as a string of its own") }
        guard scope.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
            throw Complaint("has a character that no scope may have")
        }
        return scope
    }
}
