internal import OAuth
internal import TokenWire

extension Configuration {
    /// The same in memory of its own, allocated here and now, one thing after the other: what was read lies scattered among all that
    /// reading it took, and would keep those pages from being given back. Equal lists of scopes become one.
    package func compacted() -> Configuration {
        var lists: [[String]: [String]] = [:]
        func one(_ list: [String]) -> [String] {
            if let known = lists[list] { return known }
            let own = list.map(\.ownCopy)
            lists[own] = own
            return own
        }
        var next = self
        next.applications = [:]
        next.applications.reserveCapacity(applications.count)
        for (name, application) in applications { next.applications[name.ownCopy] = application }
        next.tokens = [:]
        next.tokens.reserveCapacity(tokens.count)
        for (name, token) in tokens {
            var own = token
            own.scopes = one(token.scopes)
            own.audiences = one(token.audiences)
            own.allow = token.allow.map { entry in
                AllowEntry(who: entry.who, scopes: entry.scopes.map(one), login: entry.login, place: entry.place.ownCopy)
            }
            own.name = name.ownCopy
            next.tokens[own.name] = own
        }
        return next
    }
}

extension TokenName {
    fileprivate var ownCopy: TokenName { TokenName(description.ownCopy) ?? self }
}

extension String {
    fileprivate var ownCopy: String { String(decoding: Array(utf8), as: UTF8.self) }
}
