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

    /// Takes over the secrets of one token: that of its client, the password of its proxy, and its own value. Whatever else was changed in the files
    /// waits for a reload; so does the secret of a client that is another one there, or proves itself in another way, and the password of another user.
    package mutating func takeSecrets(of token: TokenName, from other: Configuration) -> SecretsRead {
        let name = String(token.application)
        guard let ours = applications[name], let theirs = other.applications[name] else { return .missing }
        var result = SecretsRead.same
        if ours.client.id == theirs.client.id, ours.client.authentication != theirs.client.authentication,
            ours.client.authentication.isAlike(theirs.client.authentication)
        {
            applications[name]?.client = theirs.client
            result = .replaced
        }
        if let proxy = ours.server.proxy, proxy != theirs.server.proxy, proxy.isOfSameUser(as: theirs.server.proxy) {
            applications[name]?.server.proxy = theirs.server.proxy
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

extension ProxySettings {
    fileprivate func isOfSameUser(as other: ProxySettings?) -> Bool { url == other?.url && login?.user == other?.login?.user }
}
