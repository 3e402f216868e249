internal import TokenLedger

/// What `grant = "authorization_code"` brings along.
struct SignInReader {
    let isERPNet: Bool
    /// Whether the client proves itself; `nil` if that cannot be told.
    let clientProves: Bool?

    /// - Parameter scopes: the token's own; `nil` if they were not good, so that nothing more is said about them.
    /// - Returns: `nil` if there is nowhere to bring the answer, which has then been reported.
    func read(_ table: TableReader, scopes: [String]?) -> SignInSettings? {
        let type = table.value("response_type") { (node) throws(Complaint) in try node.choice(of: SignInSettings.ResponseType.self) } ?? .code
        let redirectURIs = redirectURIs(table, type)
        let afterLogout = table.value("post_logout_redirect_uri") { (node) throws(Complaint) in
            let address = try RedirectURI(node.text())
            if address.isLocalhost { table.problems.warning(Self.localhost, at: node.place) }
            return address.text
        }
        var settings = SignInSettings(responseType: type, redirectURIs: redirectURIs ?? [], postLogoutRedirectURI: afterLogout)
        readWishes(table, &settings)
        readRefresh(table, scopes, &settings)
        if let scopes { mustAgree(table, scopes, settings) }
        return redirectURIs == nil ? nil : settings
    }

    // MARK: where the answer comes to

    private func redirectURIs(_ table: TableReader, _ type: SignInSettings.ResponseType) -> [String]? {
        guard let node = table.node("redirect_uri") else {
            table.problems.error(
                "is missing; write it as it is registered, such as redirect_uri = \(RedirectURI.example)", at: table.place.below("redirect_uri"))
            return nil
        }
        func take(_ node: ConfigurationNode) throws(Complaint) -> String { try redirectURI(node, type, table.problems) }
        switch node.content {
        case .string:
            return table.value("redirect_uri", take).map { [$0] }
        case .array(let elements):
            if elements.isEmpty { table.problems.error("must not be empty; name at least one registered address", at: node.place) }
            return table.list("redirect_uri", of: take)
        case .integer, .boolean, .moment, .table, .other:
            table.problems.error(node.mustBe("a string or an array of strings").text, at: node.place)
            return nil
        }
    }

    private func redirectURI(_ node: ConfigurationNode, _ type: SignInSettings.ResponseType, _ problems: ProblemList) throws(Complaint) -> String {
        let address = try RedirectURI(node.text())
        if address.isLocalhost { problems.warning(Self.localhost, at: node.place) }
        guard let why = address.whyPasted else { return address.text }
        switch type {
        case .code:
            problems.warning(
                "\(why), so the answer must be pasted (tokenctl login --paste); register an address such as \(RedirectURI.example) to be spared that",
                at: node.place)
        case .codeIDToken:
            throw Complaint(
                "\(why), and an answer to \"code id_token\" cannot be pasted: it is a form; "
                    + "write response_type = \"code\", or register an address such as \(RedirectURI.example)")
        }
        return address.text
    }

    private static let localhost =
        "\"localhost\" is a name, and may be looked up to another address than the one tokenctl listens on; "
        + "register the literal 127.0.0.1 or [::1] where the server allows it"

    // MARK: what the server is told, and what is known of it

    private func readWishes(_ table: TableReader, _ settings: inout SignInSettings) {
        settings.prompt = table.value("prompt", prompt)
        settings.loginHint = table.value("login_hint") { (node) throws(Complaint) in
            let text = try node.text()
            guard text.utf8.count <= 256, text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
                throw Complaint("must be one line of at most 256 bytes")
            }
            return text
        }
        settings.maxAge = table.value("max_age") { (node) throws(Complaint) in try node.integer(in: 0...31_536_000, "seconds") }
    }

    /// OpenID Connect Core section 3.1.2.1: words with blanks between them; servers have some of their own.
    private func prompt(_ node: ConfigurationNode) throws(Complaint) -> String {
        let text = try node.text()
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
            throw Complaint("must be words such as \"login\", with one blank between two")
        }
        guard !words.contains("none") else {
            throw Complaint("\"none\" shows no page, and whoever signs in must see one; use \"login\", \"consent\" or \"select_account\", or leave it out")
        }
        return text
    }

    private func readRefresh(_ table: TableReader, _ scopes: [String]?, _ settings: inout SignInSettings) {
        settings.narrow = table.value("narrow") { (node) throws(Complaint) in try node.flag() } ?? false
        settings.refreshDiesWithToken = table.value("refresh_dies_with_token") { (node) throws(Complaint) in try node.flag() } ?? false
        let written = table.value("refresh_lifetime", Self.lifetime)
        settings.refreshIdle = table.value("refresh_idle", Self.lifetime)
        settings.refreshLifetime = written ?? assumedLifetime(scopes)
        guard let place = table.node("refresh_idle")?.place, let idle = settings.refreshIdle else { return }
        if let written, idle > written {
            table.problems.error("\(idle) is more than refresh_lifetime allows (\(written)); lower it or leave it out", at: place)
        }
        if settings.refreshDiesWithToken {
            table.problems.error(
                "has no meaning beside refresh_dies_with_token = true, by which it ends with each access token; remove one of the two", at: place)
        }
    }

    /// A minute to ten years.
    private static func lifetime(_ node: ConfigurationNode) throws(Complaint) -> Int { try node.integer(in: 60...315_360_000, "seconds") }

    private func assumedLifetime(_ scopes: [String]?) -> Int? {
        guard isERPNet, scopes?.contains("offline_access") == true else { return nil }
        return SignInSettings.refreshLifetimeOfERPNet(clientProves: clientProves ?? true)
    }

    // MARK: contradictions

    private func mustAgree(_ table: TableReader, _ scopes: [String], _ settings: SignInSettings) {
        func needs(_ scope: String, _ key: String, _ why: String) {
            guard !scopes.contains(scope) else { return }
            table.problems.error("needs \(quoted(scope)) in scopes: \(why)", at: table.node(key)?.place ?? table.place)
        }
        if settings.responseType == .codeIDToken { needs("openid", "response_type", "without it the server gives no ID token") }
        if settings.maxAge != nil { needs("openid", "max_age", "only an ID token tells when the person signed in") }
        guard !scopes.contains("offline_access") else { return }
        if settings.narrow {
            table.problems.warning(
                "\"offline_access\" is not in scopes: at many servers a refresh for fewer scopes then brings no further refresh token; "
                    + "add it where the server knows it",
                at: table.node("narrow")?.place ?? table.place)
        }
        table.problems.warning(
            "\"offline_access\" is not among them, so most servers give no refresh token, and the person must sign in again "
                + "whenever an access token has ended; add it",
            at: table.node("scopes")?.place ?? table.place.below("scopes"))
    }
}

extension SignInSettings {
    /// ERP.net's answers do not tell how long a refresh token lives: a month for a client that proves itself and a day for one that does not,
    /// reckoned from the sign-in.
    static func refreshLifetimeOfERPNet(clientProves: Bool) -> Int { clientProves ? 30 * 86_400 : 86_400 }
}
