package import Secrets

extension ExchangeFailure {
    /// The same failure, in whose text nothing of these secrets stands: a server may send back what it was sent wherever its words are quoted.
    /// Shorter ones than eight bytes are passed over, for they occur in any text.
    package func withholding(_ secrets: [Secret]) -> ExchangeFailure {
        guard Self.holds(text, anyOf: secrets) else { return self }
        var failure = self
        failure.text = Self.withheld(status)
        return failure
    }

    private static func holds(_ text: String, anyOf secrets: [Secret]) -> Bool { Secret(text).holds(anyOf: secrets.filter { $0.count >= 8 }) }

    private static func withheld(_ status: Int?) -> String {
        "the server answered\(status.map { " \($0)" } ?? "") with words that hold a secret; they are withheld"
    }
}

extension TokenHealth {
    /// As for a failure.
    package func withholding(_ secrets: [Secret]) -> TokenHealth {
        switch self {
        case .good: self
        case .unknown(let failure): .unknown(failure.withholding(secrets))
        case .refused(let text): .refused(ExchangeFailure(law: .no, reach: .credential, text: text).withholding(secrets).text)
        }
    }
}

extension IssuedTokens {
    /// The same without granted scopes that hold something of these secrets: scopes are told to callers.
    package func withholding(_ secrets: [Secret]) -> IssuedTokens {
        let long = secrets.filter { $0.count >= 8 }
        guard let scopes, Secret(scopes.joined(separator: " ")).holds(anyOf: long) else { return self }
        var issued = self
        issued.scopes = scopes.filter { !Secret($0).holds(anyOf: long) }
        return issued
    }
}
