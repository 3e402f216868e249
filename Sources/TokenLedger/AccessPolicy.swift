package import TokenWire

/// Decides who may ask for what. Deny by default.
///
/// The entries of a token are tried in order and the first that matches decides: verbs, scopes, and whose token it is.
/// It never changes; it is a class because it is asked for with every connection and request, and a copy would count each of its tables.
package final class AccessPolicy: Sendable {
    private let tokens: [TokenName: TokenSettings]
    private let admins: RuleSet
    /// Every rule of every token.
    let rules: RuleSet
    /// Of the tokens with many entries; a few are sooner looked through.
    private let indices: [TokenName: PeerIndex]
    /// Every token, in the order of the names.
    package let names: [TokenName]
    /// Which token a credential id stands for.
    let credentials: [String: TokenName]
    /// Whether any decision depends on a caller's unit.
    package let asksForUnits: Bool
    /// The groups on which some decision depends, ascending: of a caller's own no others are kept.
    package let groups: [UInt32]
    package let subordinates: SubordinateUIDs

    /// From so many entries on a token has an index of them.
    private static let manyEntries = 8

    package init(_ configuration: Configuration) {
        tokens = configuration.tokens
        admins = RuleSet(configuration.admins)
        names = configuration.tokens.keys.sorted()
        credentials = configuration.credentials
        subordinates = configuration.subordinates
        rules = RuleSet(names.map { configuration.tokens[$0]?.allow ?? [] })
        indices = configuration.tokens.filter { $0.value.allow.count >= Self.manyEntries }.mapValues { PeerIndex($0.allow.lazy.map(\.who)) }
        let patterns = configuration.admins + configuration.tokens.values.flatMap { $0.allow.map(\.who) }
        groups = Set(patterns.compactMap(\.group?.id)).sorted()
        asksForUnits =
            configuration.admins.contains { $0.unit != nil }
            || configuration.tokens.values.contains { $0.shared || $0.allow.contains { $0.who.unit != nil } }
    }

    /// The query, bound to the caller's consumer and scopes, or why not. A name that does not exist, is not even a name, or
    /// is not for this caller gets one and the same refusal.
    package func authorise(_ query: TokenQuery, for caller: Caller) -> Result<AuthorisedQuery, Refusal> {
        guard let (token, entry) = grant(query.name, for: caller) else { return .failure(.denied(caller, query.name)) }
        let most = entry.scopes ?? token.scopes
        if let beyond = query.scopes.firstElement(notIn: most) {
            return .failure(Refusal(.denied, [], "scope \(quoted(beyond)) is beyond what the rule allows for \(quoted(query.name))"))
        }
        if let audience = query.audience, !token.audiences.contains(audience) {
            return .failure(
                Refusal(.refused, [Field("reason", "audience")], "audience \(quoted(audience)) is not one of those configured for \(quoted(query.name))"))
        }
        let key = CacheKey(
            token: token.name, consumer: consumer(of: token, entry, caller),
            scopes: token.asks(query.scopes.isEmpty ? most : most.elements(in: query.scopes)),
            audience: query.audience ?? token.audiences.first)
        return .success(
            AuthorisedQuery(
                key: key, promise: Promise(minValid: query.minValid), wait: query.wait, bound: entry.scopes, demanded: query.scopes, rule: entry.place,
                share: share(of: caller, by: entry.who)))
    }

    /// Whose token it is that the caller asks for, whether or not it gets it; `nil` where no rule admits it.
    package func consumer(of name: String, for caller: Caller) -> Consumer? {
        grant(name, for: caller).map { consumer(of: $0, $1, caller) }
    }

    /// Whether the caller may sign in and out, or bring a token in, by a rule with `login = true`; the refusal is the same as for a token.
    package func authoriseLogin(_ name: String, for caller: Caller) -> Result<TokenSettings, Refusal> {
        guard let (token, _) = grant(name, for: caller, where: \.login) else { return .failure(.denied(caller, name)) }
        return .success(token)
    }

    /// Whether some rule with `login = true` is for this caller.
    package func maySignIn(_ caller: Caller) -> Bool { rules.letsSignIn(caller) }

    /// The same for a request that asks for no token (REJECT, WAIT, STATUS): whose it would be, with the rule's own scopes.
    package func authorise(name: String, for caller: Caller) -> Result<AuthorisedQuery, Refusal> {
        authorise(TokenQuery(name: name), for: caller)
    }

    /// Whether a token can be had, for an administrator, whom no entry has to name: nothing is handed out. What is tried is the most that
    /// any entry allows.
    package func inquiry(_ name: String) -> AuthorisedQuery? {
        guard let token = token(named: name) else { return nil }
        let scopes = token.allow.map { $0.scopes ?? token.scopes }.max { $0.count < $1.count } ?? token.scopes
        let consumer: Consumer = token.shared || token.grant != .clientCredentials ? .shared : .probe
        return AuthorisedQuery(
            key: CacheKey(token: token.name, consumer: consumer, scopes: token.asks(scopes), audience: token.audiences.first), promise: .usual,
            wait: 0, bound: nil, demanded: [], share: Share(.administrators, .probe))
    }

    /// Administrators may look at and renew what they may not have. uid 0 always is one.
    package func isAdmin(_ caller: Caller) -> Bool {
        caller.unit != .failed && !caller.isUnitAlone && (caller.uid == 0 || admins.matches(caller))
    }

    /// Whether anything here is for this caller; the others share a small allowance of connections.
    package func isStranger(_ caller: Caller) -> Bool {
        !isAdmin(caller) && !rules.matches(caller)
    }

    /// The caller's tokens, by name, one after the other: nothing is made of those that nobody comes to.
    package func tokens(for caller: Caller) -> some Sequence<AuthorisedQuery> {
        rules.tokens(of: caller).lazy.compactMap { [self] in try? authorise(name: names[$0].description, for: caller).get() }
    }

    /// Which configured token a name means; for what only an admin asks.
    package func token(named name: String) -> TokenSettings? { TokenName(name).flatMap { tokens[$0] } }

    func settings(of token: TokenName) -> TokenSettings? { tokens[token] }

    /// Of its entries, where they are many.
    func index(of token: TokenName) -> PeerIndex? { indices[token] }

    /// The first entry that matches decides; one that does not let the caller do what it wants is none.
    private func grant(_ name: String, for caller: Caller, where permits: (AllowEntry) -> Bool = { _ in true }) -> (TokenSettings, AllowEntry)? {
        guard caller.unit != .failed, let token = token(named: name),
            let entry = firstEntry(of: token, for: caller).map({ token.allow[$0] }), permits(entry)
        else { return nil }
        return (token, entry)
    }

    /// The place of the entry that decides.
    func firstEntry(of token: TokenSettings, for caller: Caller) -> Int? {
        guard let index = indices[token.name] else { return token.allow.firstIndex { $0.who.matches(caller) } }
        return index.first(for: caller) { token.allow[$0].who.matches(caller) }
    }

    /// The place of the first entry that might be for a unit whose user is not known yet.
    func firstPossibleEntry(of token: TokenSettings, for caller: Caller) -> Int? {
        guard let index = indices[token.name] else { return token.allow.firstIndex { $0.who.mightMatch(caller) } }
        return index.firstWithAccount(for: caller) { token.allow[$0].who.mightMatch(caller) }
    }

    private func consumer(of token: TokenSettings, _ entry: AllowEntry, _ caller: Caller) -> Consumer {
        // of a sign-in there is one access token, whoever asks; of a reference token there is only itself
        if token.shared || token.grant != .clientCredentials { return .shared }
        if entry.who.unit != nil, case .unit(let name) = caller.unit { return .unit(name) }
        return .uid(caller.uid)
    }
}

/// A query that the policy has let through; only `AccessPolicy` can make one.
package struct AuthorisedQuery: Hashable, Sendable {
    /// Which cached token answers it.
    package fileprivate(set) var key: CacheKey
    package fileprivate(set) var promise: Promise
    /// Seconds the caller may be held.
    package fileprivate(set) var wait: Int
    /// The rule's own `scopes`: a token that the server made wider is not handed over.
    package fileprivate(set) var bound: [String]?
    /// What the caller asked for by name: a token without it is not handed over.
    package fileprivate(set) var demanded: [String]
    /// Where the rule stands that let it through; `nil` on the daemon's own account.
    package fileprivate(set) var rule: RulePlace?
    /// Whose share of a pool it takes from.
    package fileprivate(set) var share: Share

    /// The same on the daemon's own account: it shows whether a token can be had, and is handed to nobody.
    package func probe(wait: Int) -> AuthorisedQuery {
        let key = CacheKey(token: key.token, consumer: key.consumer == .shared ? .shared : .probe, scopes: key.scopes, audience: key.audience)
        return AuthorisedQuery(key: key, promise: .usual, wait: wait, bound: nil, demanded: [], share: share)
    }

    /// The same with another promise.
    func promising(_ promise: Promise) -> AuthorisedQuery {
        var query = self
        query.promise = promise
        return query
    }

    /// The same with another patience.
    package func waiting(_ seconds: Int) -> AuthorisedQuery {
        var query = self
        query.wait = seconds
        return query
    }

    /// What the held token must be to be handed over.
    var fit: Fit { Fit(bound: bound, demanded: demanded) }

    fileprivate init(key: CacheKey, promise: Promise, wait: Int, bound: [String]?, demanded: [String], rule: RulePlace? = nil, share: Share) {
        self.key = key
        self.promise = promise
        self.wait = wait
        self.bound = bound
        self.demanded = demanded
        self.rule = rule
        self.share = share
    }
}

/// Which scopes a token may and must have to be handed to one caller.
package struct Fit: Hashable, Sendable {
    /// The rule's own `scopes`; `nil`: whatever the server granted.
    package var bound: [String]?
    package var demanded: [String]

    init(bound: [String]? = nil, demanded: [String] = []) {
        self.bound = bound
        self.demanded = demanded
    }
}

extension TokenSettings {
    /// What is asked of the server for a caller who gets `wanted`. Client credentials ask for just that. A refresh asks for less only
    /// where the operator says `narrow`, and then keeps `offline_access`, without which real servers give no new refresh token.
    func asks(_ wanted: [String]) -> [String] {
        switch grant {
        case .clientCredentials: wanted
        case .authorizationCode(let signIn) where signIn.narrow: scopes.elements(in: wanted + [Self.offline])
        case .authorizationCode, .reference: scopes
        }
    }

    static let offline = "offline_access"
    /// About the sign-in rather than about an API; servers need not name them among what they granted.
    static let ofSignIn: Set<String> = ["openid", "profile", "email", "address", "phone", offline]

    /// Of the scopes that were asked for those that were not granted.
    static func missing(of asked: [String], in granted: [String]) -> [String] { asked.elements(notIn: granted).filter { !ofSignIn.contains($0) } }
}

extension PeerPattern {
    /// All keys that are there must hold.
    func matches(_ caller: Caller) -> Bool {
        guard user != nil || group != nil || unit != nil, caller.unit != .failed else { return false }
        if caller.isUnitAlone, user != nil || group != nil { return false }
        if let user, user.id != caller.uid { return false }
        if let group, !isMember(caller, of: group) { return false }
        if let unit { return matches(unit, caller) }
        return true
    }

    /// Whoever is in a group, and no more is asked for.
    var isGroupAlone: Bool { group != nil && user == nil && unit == nil }

    /// Whether it names the unit of a caller whose user is not known yet, and asks for a user or a group.
    func mightMatch(_ caller: Caller) -> Bool {
        guard caller.isUnitAlone, user != nil || group != nil, let unit else { return false }
        return matches(unit, caller)
    }

    private func isMember(_ caller: Caller, of group: NamedID) -> Bool {
        guard let id = group.id else { return false }
        return caller.gid == id || caller.groups.contains(id)
    }

    private func matches(_ pattern: UnitPattern, _ caller: Caller) -> Bool {
        guard case .unit(let name) = caller.unit else { return false }
        return pattern.matches(name)
    }
}

extension Refusal {
    /// Byte for byte the same whether or not the name exists.
    package static func denied(_ caller: Caller, _ name: String) -> Refusal {
        if caller.unit == .missed { return .connectAgain }
        return Refusal(.denied, [], "uid \(caller.uid) may not use \(quoted(name))")
    }
}

/// A text in quotes, as `Quotation` says it: nothing in it breaks a line or a terminal.
package func quoted(_ text: String) -> String { Quotation.of(text) }
