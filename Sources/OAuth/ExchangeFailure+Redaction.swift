package import Secrets

// A server may send back what it received, wherever tokend quotes the server. Secrets of less than eight bytes occur in any text, so they are
// ignored.

extension ExchangeFailure {
    /// The same failure with a text that contains no part of these secrets.
    package func redacting(_ secrets: [Secret]) -> ExchangeFailure {
        var failure = self
        failure.text = text.redacting(secrets, status: status)
        return failure
    }
}

extension TokenHealth {
    /// Redacts the texts, as for a failure.
    package func redacting(_ secrets: [Secret]) -> TokenHealth {
        switch self {
        case .good: self
        case .unknown(let failure): .unknown(failure.redacting(secrets))
        case .refused(let text): .refused(text.redacting(secrets, status: nil))
        }
    }
}

extension IssuedTokens {
    /// The same without the scopes that hold something of these secrets, or of the tokens that came with them: scopes are told to callers. What was asked
    /// for is no secret, whatever it has in common with one.
    package func redacting(_ secrets: [Secret], asked: [String]) -> IssuedTokens {
        let beyond = scopes?.filter { !asked.contains($0) } ?? []
        let all = secrets + [accessToken, refreshToken, idToken].compactMap(\.self)
        guard beyond.joined(separator: " ").contains(anyOf: all) || beyond.contains(where: { all.contains(Secret($0)) }) else { return self }
        var issued = self
        issued.scopes = scopes?.filter(asked.contains)
        return issued
    }
}

extension String {
    fileprivate func contains(anyOf secrets: [Secret]) -> Bool { Secret(self).contains(anyOf: secrets.filter { $0.count >= 8 }) }

    fileprivate func redacting(_ secrets: [Secret], status: Int?) -> String {
        guard contains(anyOf: secrets) else { return self }
        return "the server answered\(status.map { " \($0)" } ?? "") with a text that contains a secret; the text is withheld"
    }
}
