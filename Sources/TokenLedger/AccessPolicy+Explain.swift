internal import TokenWire

extension AccessPolicy {
    /// Which rule would answer this caller, or why none does: one sentence a line, for an administrator. A line is made when it is come to.
    package func explain(_ name: String, for caller: Caller) -> some Sequence<String> {
        guard let token = token(named: name) else { return Explanation(of: [], ["no token \(quoted(name)) is configured"]) }
        guard !token.allow.isEmpty else { return Explanation(of: [], ["\(token.name) has no allow entry: nobody may ask for it"]) }
        guard let place = firstEntry(of: token, for: caller) else {
            return Explanation(of: token.allow[...], for: caller, ["denied: no entry matches \(caller)"])
        }
        let entry = token.allow[place]
        let ending = ["\(entry.place): \(entry.who) matches"] + consequences(name, caller, token, entry)
        return Explanation(of: token.allow[..<place], for: caller, ending)
    }

    private func consequences(_ name: String, _ caller: Caller, _ token: TokenSettings, _ entry: AllowEntry) -> [String] {
        guard case .success(let query) = authorise(name: name, for: caller) else { return [] }
        let scopes = query.key.scopes.isEmpty ? "the server's choice" : query.key.scopes.joined(separator: " ")
        return ["allowed: consumer \(query.key.consumer), scopes \(scopes)" + (token.shared ? ", one token shared by all consumers" : "")]
    }
}

/// Why each of the entries does not match, and then what follows of that.
private struct Explanation: Sequence, IteratorProtocol {
    private var entries: ArraySlice<AllowEntry>
    private let caller: Caller?
    private var ending: ArraySlice<String>

    init(of entries: ArraySlice<AllowEntry>, for caller: Caller? = nil, _ ending: [String]) {
        self.entries = entries
        self.caller = caller
        self.ending = ending[...]
    }

    mutating func next() -> String? {
        guard let caller, let entry = entries.popFirst() else { return ending.popFirst() }
        return "\(entry.place): \(entry.who) does not match" + (entry.who.obstacle(for: caller).map { ": \($0)" } ?? "")
    }
}

extension PeerPattern: CustomStringConvertible {
    package var description: String {
        var keys: [String] = []
        if let user { keys.append("user = \(quoted(user.name))") }
        if let group { keys.append("group = \(quoted(group.name))") }
        if let unit { keys.append("unit = \(quoted(unit.description))") }
        return "{ " + keys.joined(separator: ", ") + " }"
    }

    /// The first key that does not hold, in words; `nil` when all do.
    fileprivate func obstacle(for caller: Caller) -> String? {
        if caller.unit == .failed { return "the caller could not be identified" }
        if let user, user.id != caller.uid {
            return user.id.map { "user \(user.name) is uid \($0)" } ?? "there was no user \(quoted(user.name)) when the configuration was read"
        }
        if let group {
            guard let id = group.id else { return "there was no group \(quoted(group.name)) when the configuration was read" }
            if caller.gid != id, !caller.groups.contains(id) { return "the caller is not in group \(group.name) (gid \(id))" }
        }
        guard let unit else { return nil }
        switch caller.unit {
        case .unit(let name): return unit.matches(name) ? nil : "the caller's unit is \(name)"
        case .none: return "the caller is in no service unit"
        case .untold: return "the caller's unit was not looked for"
        case .missed: return "the caller connected before its unit could be told"
        case .failed: return "the caller could not be identified"
        }
    }
}

extension Caller: CustomStringConvertible {
    package var description: String {
        let all = ([gid] + groups).filter { $0 != .max }.map(String.init).joined(separator: " ")
        let who = "uid \(uid), " + (all.isEmpty ? "no group" : "gid \(all)")
        switch unit {
        case .unit(let name): return who + ", unit \(name)"
        case .none: return who + ", no unit"
        case .untold: return who + ", unit not told"
        case .missed: return who + ", unit missed"
        case .failed: return who + ", not identified"
        }
    }
}
