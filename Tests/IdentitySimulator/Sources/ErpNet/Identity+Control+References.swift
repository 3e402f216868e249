extension Identity {
    /// `reference`, `reference mint …`, `reference revoke ID`
    mutating func reference(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.count) {
        case (nil, _): return ["references": .array(references.entries.map(\.json))]
        case ("mint", 1): return try mint(line, now: now)
        case ("revoke", 2):
            try references.revoke(id: line.words[1])
            return [:]
        default: throw ControlError("reference, reference mint kind=PAT|SAT app=ID …, or reference revoke ID")
        }
    }

    /// `reference mint kind=PAT|SAT app=ID [user=LOGIN] [scope="read update"] [expires=SECONDS|never] [token=enrt_…]`
    private mutating func mint(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        try line.allowOptions("kind", "app", "user", "scope", "expires", "token")
        guard let kind = ReferenceTokens.Kind(rawValue: line["kind"] ?? "SAT") else { throw ControlError("\"kind\" is PAT or SAT") }
        guard let application = application(line["app"] ?? "") else { throw ControlError("\"app\" must name an application") }
        guard application.accessTokens != .none else {
            throw ControlError("\"\(application.applicationUri)\" has AccessTokens=None; set AuthenticatedUsers or AdministratorsOnly")
        }
        let scopes = line["scope"].map(scopeWords) ?? application.apiScopes
        guard scopes.allSatisfy(application.apiScopes.contains) else { throw ControlError("a scope is outside the application's Scope") }
        let token = line["token"] ?? ReferenceTokens.newToken()
        guard token.hasPrefix("enrt_") else { throw ControlError("a reference token begins with enrt_") }
        issued.note(.reference, token)
        let entry = references.register(
            token, kind: kind, application: application.applicationUri, owner: try owner(kind, of: application, line),
            scopes: scopes, expiry: try expiry(line, now: now))
        return ["token": .string(token), "reference": entry.json]
    }

    private func owner(
        _ kind: ReferenceTokens.Kind, of application: TrustedApplication, _ line: ControlLine
    ) throws(ControlError) -> String {
        switch kind {
        case .personal:
            guard let person = people.first(where: { $0.login == line["user"] && $0.password != nil }) else {
                throw ControlError("a PAT needs user=LOGIN of a person")
            }
            return person.login
        case .system:
            guard application.systemUserAllowed, let login = application.systemUser else {
                throw ControlError("\"\(application.applicationUri)\" has no System User")
            }
            return login
        }
    }

    private func expiry(_ line: ControlLine, now: Int) throws(ControlError) -> Int? {
        if line["expires"] == "never" { return nil }
        return now + (try line.number("expires") ?? 30 * 86_400)
    }
}
