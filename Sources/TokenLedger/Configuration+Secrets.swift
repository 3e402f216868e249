internal import OAuth
package import TokenWire

extension Configuration {
    /// What came of reading the secrets of one token anew.
    package enum SecretsRead: Sendable {
        case same
        case replaced
        /// The other reading does not have them.
        case missing
    }

    /// Takes over the secrets of one token: that of its client, and its own value. Whatever else was changed in the files waits for a reload; so
    /// does the secret of a client that is another one there, or proves itself in another way.
    package mutating func takeSecrets(of token: TokenName, from other: Configuration) -> SecretsRead {
        let name = String(token.application)
        guard let client = applications[name]?.client, let theirs = other.applications[name]?.client else { return .missing }
        var result = SecretsRead.same
        if client.id == theirs.id, client.authentication != theirs.authentication, client.authentication.isAlike(theirs.authentication) {
            applications[name]?.client = theirs
            result = .replaced
        }
        guard case .reference(var reference)? = tokens[token]?.grant, let value = reference.value else { return result }
        guard case .reference(let read)? = other.tokens[token]?.grant, let next = read.value else { return .missing }
        guard next != value else { return result }
        reference.value = next
        tokens[token]?.grant = .reference(reference)
        return .replaced
    }
}

extension ClientAuthentication {
    fileprivate func isAlike(_ other: ClientAuthentication) -> Bool {
        switch (self, other) {
        case (.none, .none), (.post, .post), (.basic, .basic): true
        case (.none, _), (.post, _), (.basic, _): false
        }
    }
}
