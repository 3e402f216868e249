internal import TokenLedger

/// `allow`: who may ask.
struct PeerReader {
    let names: NameResolver

    /// - Parameter mostScopes: the token's own; `nil` if they were not good, so that nothing more is said about them.
    func entries(_ token: TableReader, mostScopes: [String]?, _ kind: GrantKind?) -> [AllowEntry] {
        if token.node("allow") == nil {
            token.problems.warning("nobody may ask for it; add allow = [ { unit = \"…\" } ] or such", at: token.place)
        }
        return token.tables("allow").compactMap { entry in
            defer { entry.finish() }
            let who = pattern(entry)
            let scopes = scopes(entry, mostScopes)
            if let scopes { mustBeServable(scopes, entry, token, mostScopes ?? [], kind) }
            let login = login(entry, whyNot: whyNoLogin(token, kind))
            return who.map { AllowEntry(who: $0, scopes: scopes, login: login, place: entry.place.short) }
        }
    }

    /// `[admin] allow`
    func patterns(_ table: TableReader) -> [PeerPattern] {
        table.tables("allow").compactMap { entry in
            defer { entry.finish() }
            return pattern(entry)
        }
    }

    private func pattern(_ entry: TableReader) -> PeerPattern? {
        guard ["user", "group", "unit"].filter({ entry.node($0) != nil }).isEmpty == false else {
            entry.problems.error("must name a user, a group or a unit", at: entry.place)
            return nil
        }
        let user = entry.value("user") { (node) throws(Complaint) in try names.user(node.text()) }
        let group = entry.value("group") { (node) throws(Complaint) in try names.group(node.text()) }
        let unit = entry.value("unit") { (node) throws(Complaint) in try Self.unit(node.text(), hasUser: entry.node("user") != nil) }
        warnIfUnknown(user, "user", entry)
        warnIfUnknown(group, "group", entry)
        return PeerPattern(user: user, group: group, unit: unit)
    }

    private func warnIfUnknown(_ id: NamedID?, _ key: String, _ entry: TableReader) {
        guard let id, id.id == nil, let node = entry.node(key) else { return }
        entry.problems.warning("there is no \(key) \(quoted(id.name)) here, so this entry matches nobody", at: node.place)
    }

    private static func unit(_ text: String, hasUser: Bool) throws(Complaint) -> UnitPattern {
        guard let pattern = UnitPattern(text) else {
            throw Complaint("must be the name of a service such as \"erp-sync.service\"; \"*\" stands for any characters")
        }
        guard !hasUser, let inhabitants = pattern.inhabitants else { return pattern }
        throw Complaint("\(quoted(text)) \(inhabitants); add a user to the entry, or name another unit")
    }

    private func scopes(_ entry: TableReader, _ most: [String]?) -> [String]? {
        let scopes = entry.list("scopes") { (node) throws(Complaint) in
            let scope = try node.scope()
            guard let most, !most.isEmpty, !most.contains(scope) else { return scope }
            throw Complaint("\(quoted(scope)) is not one of the token's scopes; a rule can only narrow them")
        }
        if let scopes, scopes.isEmpty {
            entry.problems.error("must not be empty; leave it out for all scopes of the token", at: entry.node("scopes")?.place ?? entry.place)
        }
        return scopes
    }

    /// Where there is one token for all, an entry cannot get a narrower one just by saying so.
    private func mustBeServable(_ scopes: [String], _ entry: TableReader, _ token: TableReader, _ most: [String], _ kind: GrantKind?) {
        let place = entry.node("scopes")?.place ?? entry.place
        switch kind {
        case .reference:
            entry.problems.error("a reference token has the scopes it was made with, whoever asks; remove them here", at: place)
        case .authorizationCode:
            let missing = most.filter { !scopes.contains($0) && !$0.isAboutPerson }
            guard !missing.isEmpty, token.flag("narrow") == false else { return }
            entry.problems.warning(
                "leaves out \(alternatives(missing)), which the token of the sign-in has, so this caller is refused; "
                    + "write narrow = true in the token to have a narrower one asked for",
                at: place)
        case .clientCredentials, nil:
            break
        }
    }

    private func login(_ entry: TableReader, whyNot: String?) -> Bool {
        guard let node = entry.node("login") else { return false }
        if let whyNot { entry.problems.error("\(whyNot), so remove it", at: node.place) }
        return entry.value("login") { (node) throws(Complaint) in try node.flag() } ?? false
    }

    /// Whoever may sign in may also bring in a reference token, unless the configuration names it.
    private func whyNoLogin(_ token: TableReader, _ kind: GrantKind?) -> String? {
        switch kind {
        case .clientCredentials: "with client_credentials nobody signs in"
        case .reference: token.node("value") != nil ? "value already names the token, and nobody can bring in another" : nil
        case .authorizationCode, nil: nil
        }
    }
}

extension Place {
    /// `portal.toml:14`
    fileprivate var short: String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return line.map { "\(name):\($0)" } ?? name
    }
}

extension UnitPattern {
    /// Why a rule with this unit and no user would give the token to other people's programs; `nil` if it would not.
    fileprivate var inhabitants: String? {
        if description.dropLast(".service".count).allSatisfy({ $0 == "*" }) { return "is every service of this machine" }
        if let name = Self.crowded.first(where: matches) { return "covers \(name), inside which other people's programs run" }
        if description.hasPrefix("ssh") { return "is taken for a server that other people's programs run inside" }
        if description.hasPrefix("user@") { return "holds whatever its user runs" }
        return nil
    }

    /// Services inside which programs run that their administrator did not choose (a crontab runs in cron.service).
    private static let crowded = [
        "cron.service", "crond.service", "cronie.service", "atd.service", "dbus.service", "dbus-broker.service",
        "ssh.service", "sshd.service", "ssh@0.service", "sshd@0.service", "user@1000.service",
    ]
}
