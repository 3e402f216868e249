internal import Keys

extension Identity {
    /// `grants [client=ID] [user=LOGIN] [sid=SID] [alive=true|false]`
    func grantsVerb(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        try line.allowOptions("client", "user", "sid", "alive")
        let found = grants.all.filter { grant in
            (line["client"].map { $0 == grant.client } ?? true) && (line["user"].map { $0 == grant.signIn.login } ?? true)
                && (line["sid"].map { $0 == grant.signIn.sessionID } ?? true)
                && (line["alive"].map { $0 == String(grant.isAlive(now: now)) } ?? true)
        }
        return ["grants": .array(found.map { $0.json(now: now) })]
    }

    /// `grant delete ID|all`, `grant mint app=ID user=LOGIN [scope="openid offline_access read"]`
    mutating func grantVerb(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.count) {
        case ("delete", 2):
            try line.allowOptions()
            return ["deleted": .array(try delete(line.words[1]).map { .number($0) })]
        case ("mint", 1):
            try line.allowOptions("app", "user", "scope")
            return try mintGrant(line, now: now)
        default: throw ControlError("grant delete ID|all, or grant mint app=ID user=LOGIN [scope=…]")
        }
    }

    private mutating func delete(_ word: String) throws(ControlError) -> [Int] {
        if word == "all" { return end(.deleted) { _ in true } }
        guard let id = Int(word), grants.all.contains(where: { $0.id == id }) else { throw ControlError("no grant \"\(word)\"") }
        return end(.deleted) { $0.id == id }
    }

    /// Creates a grant without a browser and a code.
    private mutating func mintGrant(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        guard let application = application(line["app"] ?? "") else { throw ControlError("\"app\" must name an application") }
        guard let person = person(line["user"] ?? ""), application.admits(person) else {
            throw ControlError("\"user\" must name a person who may sign in to it")
        }
        let scopes = scopeWords(line["scope"] ?? "openid profile offline_access " + application.apiScopes.joined(separator: " "))
        guard scopes.allSatisfy({ identityScopes.contains($0) || application.apiScopes.contains($0) }) else {
            throw ControlError("a scope is outside the application's Scope")
        }
        let session = sessions.signIn(person.login, cookie: nil, now: now)
        let (grant, handle) = grants.begin(
            client: application.applicationUri, signIn: session.signIn, scopes: scopes, firstTokenID: randomHex(bytes: 16), now: now,
            life: knobs.refreshTTL.seconds(for: application.clientType))
        issued.note(.refreshToken, handle)
        return ["refresh_token": .string(handle), "grant": grant.json(now: now)]
    }

    /// `sessions`
    func sessionsVerb(_ line: ControlLine) throws(ControlError) -> JSON {
        try line.allowOptions()
        return ["sessions": .array(sessions.all.map(\.json))]
    }

    /// `session end SID|all`
    mutating func sessionVerb(_ line: ControlLine) throws(ControlError) -> JSON {
        try line.allowOptions()
        guard line.words.count == 2, line.words[0] == "end" else { throw ControlError("session end SID|all") }
        let id = line.words[1]
        guard id == "all" || sessions.all.contains(where: { $0.signIn.sessionID == id }) else { throw ControlError("no session \"\(id)\"") }
        return ["ended": JSON(signOut { id == "all" || $0.signIn.sessionID == id })]
    }

    /// `password LOGIN NEW`: ends all refresh tokens of the person.
    mutating func password(_ line: ControlLine) throws(ControlError) -> JSON {
        try line.allowOptions()
        guard line.words.count == 2 else { throw ControlError("password LOGIN NEW") }
        guard let index = people.firstIndex(where: { $0.login == line.words[0] && $0.password != nil }) else {
            throw ControlError("no person \"\(line.words[0])\"")
        }
        people[index].password = line.words[1]
        return ["ended": .array(end(.passwordChange) { $0.signIn.login == line.words[0] }.map { .number($0) })]
    }

    /// `id-token`, `id-token set CLAIM JSON|now+N|now-N`, `id-token remove CLAIM`, `id-token reset`
    mutating func idTokenVerb(_ line: ControlLine) throws(ControlError) -> JSON {
        switch (line.words.first, line.words.count) {
        case (nil, _): break
        case ("set", 2...): idTokenChanges[line.words[1]] = IDTokenChange(line.remainder(after: 3))
        case ("remove", 2): idTokenChanges[line.words[1]] = .remove
        case ("reset", 1): idTokenChanges = [:]
        default: throw ControlError("id-token, id-token set CLAIM JSON|now+N|now-N, id-token remove CLAIM, or id-token reset")
        }
        return ["claims": JSON(idTokenChanges.keys.sorted())]
    }
}
