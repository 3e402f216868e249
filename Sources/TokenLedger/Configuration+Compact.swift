internal import OAuth
internal import TokenWire

extension Configuration {
    /// The same in memory of its own, allocated here and now, one thing after the other: what was read lies scattered among all that
    /// reading it took, and would keep those pages from being given back. Equal lists of scopes become one, and so do equal patterns and
    /// the names of files.
    package func compacted() -> Configuration {
        var lists: [[String]: [String]] = [:]
        func one(_ list: [String]) -> [String] {
            if let known = lists[list] { return known }
            let own = list.map(\.ownCopy)
            lists[own] = own
            return own
        }
        var patterns: [PeerPattern: AllowEntry] = [:]
        var files: [String: String] = [:]
        func one(_ entry: AllowEntry) -> AllowEntry {
            var own = patterns[entry.who] ?? AllowEntry(who: entry.who.ownCopy)
            patterns[own.who] = own
            own.scopes = entry.scopes.map(one)
            own.login = entry.login
            own.place = entry.place
            own.place.file = files[entry.place.file] ?? entry.place.file.ownCopy
            files[own.place.file] = own.place.file
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
            own.allow = token.allow.map(one)
            own.name = name.ownCopy
            next.tokens[own.name] = own
        }
        next.credentials = Dictionary(uniqueKeysWithValues: credentials.map { ($0.key.ownCopy, $0.value.ownCopy) })
        return next
    }
}

extension TokenName {
    fileprivate var ownCopy: TokenName { TokenName(description.ownCopy) ?? self }
}

extension PeerPattern {
    fileprivate var ownCopy: PeerPattern {
        PeerPattern(user: user?.ownCopy, group: group?.ownCopy, unit: unit.flatMap { UnitPattern($0.description.ownCopy) ?? $0 })
    }
}

extension NamedID {
    fileprivate var ownCopy: NamedID { NamedID(name: name.ownCopy, id: id) }
}

extension String {
    fileprivate var ownCopy: String { String(decoding: Array(utf8), as: UTF8.self) }
}
