package import TokenWire

/// What systemd asks for on behalf of a unit that starts.
extension AccessPolicy {
    /// Seconds that the start of a unit may be held.
    package static let credentialWait = 60

    /// The token that a credential id means for a unit that starts: half of its life is promised, because the unit cannot come back.
    ///
    /// Only rules without a user and a group are for it: which user the unit will run as is not known yet. Where one before them names the
    /// unit too, nobody can say which would be the unit's own. The reason of a refusal is for the journal alone; whoever may ask is root, so
    /// that nothing has to be hidden.
    package func authorise(credential id: String, for caller: Caller, wait: Int = credentialWait) -> Result<AuthorisedQuery, Refusal> {
        guard let token = token(ofCredential: id) else {
            return .failure(Refusal(.denied, [], "there is no token \(quoted(id)), and [credentials] in tokend.toml does not name it either"))
        }
        let name = quoted(token.name.description)
        let whom = if case .unit(let unit) = caller.unit { quoted(unit) } else { "this unit" }
        guard case .success(let query) = authorise(name: token.name.description, for: caller) else {
            return .failure(Refusal(.denied, [], "no entry of \(name) without user and group is for \(whom)"))
        }
        guard firstPossibleEntry(of: token, for: caller) ?? .max > firstEntry(of: token, for: caller) ?? .max else {
            let why = "an entry of \(name) with user or group names \(whom) before the one without, and nobody knows yet whether it is the unit's"
            return .failure(Refusal(.denied, [], why + ": put it behind, or take user and group out of it"))
        }
        return .success(query.promising(.halfLife).waiting(wait))
    }

    /// `[credentials]` of tokend.toml, or the token of that name.
    package func token(ofCredential id: String) -> TokenSettings? {
        credentials[id].map { token(named: $0.description) } ?? token(named: id)
    }
}
