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
    /// Removes granted scopes that contain a part of these secrets, because callers see the scopes.
    package func redacting(_ secrets: [Secret]) -> IssuedTokens {
        guard let scopes, scopes.joined(separator: " ").contains(anyOf: secrets) else { return self }
        var issued = self
        issued.scopes = scopes.filter { !$0.contains(anyOf: secrets) }
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
