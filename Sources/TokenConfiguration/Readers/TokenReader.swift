internal import OAuth
internal import TokenLedger
internal import TokenWire

/// One `[token.NAME]` table.
struct TokenReader {
    let application: String
    let client: ClientReader.Client
    let isERPNet: Bool
    let peers: PeerReader
    let secrets: SecretReader
    /// Wall time in seconds.
    let now: Int64

    /// `nil` if the token cannot be made from it, which has then been reported.
    func read(_ name: String, _ table: TableReader) -> TokenSettings? {
        let name = tokenName(name, table)
        let kind = kind(table)
        let scopes = scopes(table, kind)
        let minValid = table.value("min_valid") { (node) throws(Complaint) in try node.integer(in: 0...86_400, "seconds") }
        let header = table.value("header") { (node) throws(Complaint) in try node.choice(of: HeaderForm.self) }
        let shared = table.value("shared") { (node) throws(Complaint) in try node.flag() }
        let allow = peers.entries(table, mostScopes: scopes, kind)
        let grant = kind.flatMap { self.grant($0, table, scopes) }
        let asked = kind == .reference ? Asked() : self.asked(table, kind)
        mustAgree(table, kind, allow, shared)
        GrantKeys.refuseForeign(in: table, kind)
        table.finish()
        guard let name, let grant else { return nil }
        return TokenSettings(
            name: name, grant: grant, scopes: scopes ?? [], audiences: asked.audiences, audienceParameter: asked.audienceParameter,
            minValid: minValid, keep: asked.keep, shared: shared ?? false, assumeLifetime: asked.assumeLifetime, header: header ?? .authorization,
            allow: allow)
    }

    private func tokenName(_ name: String, _ table: TableReader) -> TokenName? {
        if let name = TokenName(application: application, token: name) { return name }
        table.problems.error("a token's name has lower-case letters, digits, \"-\" and \"_\", at most 32; rename it", at: table.place)
        return nil
    }

    // MARK: how it is come by

    /// Ways that other servers know, and that are known here by name alone.
    private static let otherKinds = ["device_code", "jwt_bearer", "token_exchange"]

    private func kind(_ table: TableReader) -> GrantKind? {
        let supported = alternatives(GrantKind.allCases.map(\.rawValue))
        return table.required("grant", "write grant = \(supported)") { (node) throws(Complaint) in
            let text = try node.text()
            if Self.otherKinds.contains(text) { throw Complaint("\(quoted(text)) is not supported by this version; use \(supported)") }
            return try node.choice(of: GrantKind.self)
        }
    }

    private func grant(_ kind: GrantKind, _ table: TableReader, _ scopes: [String]?) -> TokenSettings.Grant? {
        switch kind {
        case .clientCredentials:
            if client.proves == false {
                table.problems.error(
                    "client credentials need a client that proves itself; give [client] its secret", at: table.node("grant")?.place ?? table.place)
            }
            return .clientCredentials
        case .authorizationCode:
            return SignInReader(isERPNet: isERPNet, clientProves: client.proves).read(table, scopes: scopes).map { .authorizationCode($0) }
        case .reference:
            return .reference(ReferenceReader(secrets: secrets, isERPNet: isERPNet, clientProves: client.proves, now: now).read(table))
        }
    }

    // MARK: what is asked of the server

    /// For a reference token what it was made with, as far as anybody says.
    private func scopes(_ table: TableReader, _ kind: GrantKind?) -> [String]? {
        guard table.node("scopes") != nil else { return [] }
        return table.list("scopes") { (node) throws(Complaint) in
            let scope = try node.scope()
            if kind == .clientCredentials, scope.isAboutPerson { try refusePersonalScope(scope, at: node.place, table.problems) }
            return scope
        }
    }

    /// CC-04: IdentityServer answers `invalid_scope`; OpenBao and Vault demand `openid` of a machine.
    private func refusePersonalScope(_ scope: String, at place: Place, _ problems: ProblemList) throws(Complaint) {
        let what = "\(quoted(scope)) is about a person who signs in, and with client_credentials nobody does"
        guard !isERPNet else { throw Complaint("\(what): ERP.net answers invalid_scope; leave it out") }
        problems.warning("\(what); leave it out unless this server demands it", at: place)
    }

    /// What only matters for a token that a server is asked for.
    private struct Asked {
        var audiences: [String] = []
        var audienceParameter = Audience.Parameter.resource
        var assumeLifetime = TokenSettings.defaultAssumedLifetime
        var keep = TokenSettings.Keep.onDemand
    }

    private func asked(_ table: TableReader, _ kind: GrantKind?) -> Asked {
        var asked = Asked()
        (asked.audiences, asked.audienceParameter) = AudienceReader.read(table)
        if let lifetime = table.value("assume_lifetime", { (node) throws(Complaint) in try node.integer(in: 1...31_536_000, "seconds") }) {
            asked.assumeLifetime = lifetime
        }
        if let keep = table.value("keep", { (node) throws(Complaint) in try node.choice(of: TokenSettings.Keep.self) }) { asked.keep = keep }
        // a flag that is not good has been reported, and may have been meant as true
        if asked.keep == .always, kind == .clientCredentials, table.flag("shared") == false {
            table.problems.error(
                "\"always\" needs shared = true here: each consumer has a token of its own, and before anybody asks there is no consumer",
                at: table.node("keep")?.place ?? table.place)
        }
        return asked
    }

    // MARK: who shares it

    /// A sign-in has one access token, and so has a reference token: whoever gets it gets the same one.
    private func mustAgree(_ table: TableReader, _ kind: GrantKind?, _ allow: [AllowEntry], _ shared: Bool?) {
        guard kind == .authorizationCode || kind == .reference else { return }
        if kind == .authorizationCode, !allow.isEmpty, !allow.contains(where: \.login) {
            table.problems.warning("nobody may sign in; add login = true to an entry", at: table.node("allow")?.place ?? table.place)
        }
        let consumers = PossibleConsumers(allow)
        guard consumers.areSeveral else { return }
        if table.flag("shared") == false {
            table.problems.error(
                "may mean more than one consumer (\(consumers.described)), and all would get the same token; "
                    + "write shared = true if they may share it, or make a token for each",
                at: table.node("allow")?.place ?? table.place)
        }
        if shared == true, isERPNet {
            table.problems.warning(
                "several consumers share one identity and one licence slot of ERP.net; make a token for each unless your licence allows this",
                at: table.node("shared")?.place ?? table.place)
        }
    }
}

extension ConfigurationNode {
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

extension String {
    /// Scopes that make sense only where a person signs in; APIs do not ask for them.
    var isAboutPerson: Bool { ["openid", "profile", "offline_access"].contains(self) }
}
