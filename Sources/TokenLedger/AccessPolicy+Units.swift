package import TokenWire

/// What systemd asks for on behalf of a unit that starts.
extension AccessPolicy {
    /// Seconds that the start of a unit may be held.
    package static let credentialWait = 60

    /// The token that a credential id means for a unit that starts: half of its life is promised, because the unit cannot come back.
    ///
    /// Only rules without a user and a group are for it: which user the unit will run as is not known yet. The reason of a refusal is
    /// for the journal alone; whoever may ask is root, so that nothing has to be hidden.
    package func authorise(credential id: String, for caller: Caller, wait: Int = credentialWait) -> Result<AuthorisedQuery, Refusal> {
        guard let token = token(ofCredential: id) else {
            return .failure(Refusal(.denied, [], "there is no token \(quoted(id)), and [credentials] in tokend.toml does not name it either"))
        }
        guard case .success(let query) = authorise(name: token.name.description, for: caller) else {
            let whom = if case .unit(let name) = caller.unit { quoted(name) } else { "this unit" }
            return .failure(Refusal(.denied, [], "no entry of \(quoted(token.name.description)) without user and group is for \(whom)"))
        }
        return .success(query.promising(.halfLife).waiting(wait))
    }

    /// `[credentials]` of tokend.toml, or the token of that name.
    package func token(ofCredential id: String) -> TokenSettings? {
        credentials[id].map { token(named: $0.description) } ?? token(named: id)
    }
}
