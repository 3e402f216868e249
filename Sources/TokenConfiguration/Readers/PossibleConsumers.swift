internal import TokenLedger

/// Whom a token could be handed to, as far as its rules tell: a unit for an entry with `unit`, a uid for any other.
struct PossibleConsumers {
    /// What each entry stands for, each once.
    private(set) var names: [String] = []
    /// Whether there can be two.
    private(set) var areSeveral = false

    init(_ allow: [AllowEntry]) {
        var seen: Set<String> = []
        for entry in allow {
            let (key, name, isOne) = Self.consumer(entry.who)
            if seen.insert(key).inserted { names.append(name) }
            areSeveral = areSeveral || !isOne || seen.count > 1
        }
    }

    /// A user and its number are one; a group or a pattern may be many.
    private static func consumer(_ who: PeerPattern) -> (key: String, name: String, isOne: Bool) {
        if let unit = who.unit {
            let name = "unit \(quoted(unit.description))"
            return (name, name, unit.isExact)
        }
        if let user = who.user { return ("uid \(user.id.map(String.init) ?? user.name)", "user \(quoted(user.name))", true) }
        let name = "group \(quoted(who.group?.name ?? ""))"
        return (name, name, false)
    }

    /// `user "alice", unit "erp.service" and 3 more`
    var described: String {
        let shown = names.prefix(3).joined(separator: ", ")
        return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
}
