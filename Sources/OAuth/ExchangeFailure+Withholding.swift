package import Secrets

// A server may send back what it was sent, wherever its words are quoted. Secrets of less than eight bytes occur in any text and are passed over.

extension ExchangeFailure {
    /// The same failure, in whose text nothing of these secrets stands.
    package func withholding(_ secrets: [Secret]) -> ExchangeFailure {
        var failure = self
        failure.text = text.withholding(secrets, status: status)
        return failure
    }
}

extension TokenHealth {
    /// As for a failure.
    package func withholding(_ secrets: [Secret]) -> TokenHealth {
        switch self {
        case .good: self
        case .unknown(let failure): .unknown(failure.withholding(secrets))
        case .refused(let text): .refused(text.withholding(secrets, status: nil))
        }
    }
}

extension IssuedTokens {
    /// The same without granted scopes that hold something of these secrets: scopes are told to callers.
    package func withholding(_ secrets: [Secret]) -> IssuedTokens {
        guard let scopes, scopes.joined(separator: " ").holds(anyOf: secrets) else { return self }
        var issued = self
        issued.scopes = scopes.filter { !$0.holds(anyOf: secrets) }
        return issued
    }
}

extension String {
    fileprivate func holds(anyOf secrets: [Secret]) -> Bool { Secret(self).holds(anyOf: secrets.filter { $0.count >= 8 }) }

    fileprivate func withholding(_ secrets: [Secret], status: Int?) -> String {
        guard holds(anyOf: secrets) else { return self }
        return "the server answered\(status.map { " \($0)" } ?? "") with words that hold a secret; they are withheld"
    }
}
