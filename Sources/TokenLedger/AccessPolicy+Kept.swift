internal import TokenWire

extension AccessPolicy {
    /// The key under which some rule still leads to a result that was cached under an earlier configuration, made of the configuration's own
    /// lists; `nil` if none does. The order of scopes means nothing (RFC 6749 section 3.3).
    package func present(_ key: CacheKey) -> CacheKey? {
        guard let token = settings(of: key.token) else { return nil }
        guard key.audience.map(token.audiences.contains) ?? token.audiences.isEmpty else { return nil }
        let scopes = Set(key.scopes)
        let sole = token.soleKey
        if token.isForAll, key.consumer == sole.consumer, key.audience == sole.audience, scopes == Set(sole.scopes) { return sole }
        for entry in entries(of: token, for: key.consumer) where entry.couldBe(key.consumer, of: token) {
            let most = entry.scopes ?? token.scopes
            let asked = token.asks(scopes.isSuperset(of: most) ? most : most.filter(scopes.contains))
            if Set(asked) == scopes { return CacheKey(token: token.name, consumer: key.consumer, scopes: asked, audience: key.audience) }
        }
        return nil
    }

    /// The entries that could let this consumer in, in their order, and perhaps others.
    private func entries(of token: TokenSettings, for consumer: Consumer) -> [AllowEntry] {
        guard let index = index(of: token.name) else { return token.allow }
        let places: [Int32]
        switch consumer {
        case .shared, .probe: return token.allow
        case .unit(let name): places = index.places(withUnit: name)
        case .uid(let uid): places = index.places(couldMatchUser: uid)
        }
        return places.sorted().map { token.allow[Int($0)] }
    }
}

extension TokenSettings {
    /// Whoever asks gets the same one.
    fileprivate var isForAll: Bool { shared || grant != .clientCredentials }
}

extension AllowEntry {
    /// Whether a caller that this entry lets in could be that consumer. Who is in a group is known of a caller alone.
    fileprivate func couldBe(_ consumer: Consumer, of token: TokenSettings) -> Bool {
        switch consumer {
        case .shared: token.isForAll
        case .probe: !token.isForAll
        case .unit(let name): !token.isForAll && who.unit?.matches(name) == true
        case .uid(let number): !token.isForAll && who.unit == nil && (who.user == nil || who.user?.id == number)
        }
    }
}
