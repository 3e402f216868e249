internal import Keys

/// The authorization codes of an instance. Each may be used once.
package struct Codes: Sendable {
    package struct Code: Sendable {
        package let client: String
        package let redirectURI: String
        package let scopes: [String]
        /// The S256 challenge; `nil` if the authorization request had none.
        package let challenge: String?
        package let nonce: String?
        package let state: String?
        package let signIn: SignIn
        /// Unix seconds.
        package let expiry: Int
    }

    private var waiting: [String: Code] = [:]
    /// The grant that the code created, so that a second use of the code can end it.
    private var redeemed: [String: Int] = [:]

    package init() {}

    /// 64 upper-case hex digits.
    package mutating func issue(_ code: Code) -> String {
        let value = randomHex(bytes: 32)
        waiting[value] = code
        return value
    }

    /// Returns the data of a code to its client, and invalidates the code. An attempt of another client does not invalidate it.
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
