internal import Keys

/// The authorization codes of an instance: each good for one attempt.
package struct Codes: Sendable {
    package struct Code: Sendable {
        package let client: String
        package let redirectURI: String
        package let scopes: [String]
        /// The S256 challenge; `nil` when the authorization request had none.
        package let challenge: String?
        package let nonce: String?
        package let state: String?
        package let signIn: SignIn
        /// Unix seconds.
        package let expiry: Int
    }

    private var waiting: [String: Code] = [:]
    /// The grant that came of a code, so that its second use can end it.
    private var redeemed: [String: Int] = [:]

    package init() {}

    /// 64 upper-case hex digits.
    package mutating func issue(_ code: Code) -> String {
        let value = randomHex(bytes: 32)
        waiting[value] = code
        return value
    }

    /// Hands a code to the client it was made for, and burns it. Another client's attempt leaves it as it is.
    package mutating func take(_ value: String, for client: String) throws(TokenRefusal) -> Code {
        guard let code = waiting[value] else { throw redeemed[value] == nil ? .unknownCode : .usedCode }
        guard code.client == client else { throw .codeOfAnotherClient }
        waiting[value] = nil
        return code
    }

    package mutating func note(_ value: String, gave grant: Int) { redeemed[value] = grant }

    package func isWaiting(_ value: String) -> Bool { waiting[value] != nil }

    package func grant(of value: String) -> Int? { redeemed[value] }
}
