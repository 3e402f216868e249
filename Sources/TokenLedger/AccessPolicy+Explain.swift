internal import TokenWire

extension AccessPolicy {
    /// Which rule would answer this caller, or why none does: one sentence a line, for an administrator.
    package func explain(_ name: String, for caller: Caller) -> [String] {
        guard let token = token(named: name) else { return ["no token \(quoted(name)) is configured"] }
        guard !token.allow.isEmpty else { return ["\(token.name) has no allow entry: nobody may ask for it"] }
        var lines: [String] = []
        for entry in token.allow {
            if let obstacle = entry.who.obstacle(for: caller) {
                lines.append("\(entry.place): \(entry.who) does not match: \(obstacle)")
            } else {
                return lines + ["\(entry.place): \(entry.who) matches"] + consequences(name, caller, token, entry)
            }
        }
        return lines + ["denied: no entry matches \(caller)"]
    }

    private func consequences(_ name: String, _ caller: Caller, _ token: TokenSettings, _ entry: AllowEntry) -> [String] {
        guard case .success(let query) = authorise(name: name, for: caller) else { return [] }
        let scopes = query.key.scopes.isEmpty ? "the server's choice" : query.key.scopes.joined(separator: " ")
        return ["allowed: consumer \(query.key.consumer), scopes \(scopes)" + (token.shared ? ", one token shared by all consumers" : "")]
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
