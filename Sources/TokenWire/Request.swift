package import Secrets

/// One parsed request line.
package enum Request: Hashable, Sendable {
    case get(TokenQuery)
    case header(TokenQuery)
    /// Without `id` it is the token last served to this consumer. `wait` is in seconds.
    case reject(name: String, id: Fingerprint?, wait: Int)
    case wait(name: String, wait: Int)
    case watch(TokenQuery)
    case list
    case status(name: String?)
    /// `confirmsFirst`: even the first sign-in of a token is stored only after CONFIRM.
    case login(name: String, redirectURI: String?, flow: String?, confirmsFirst: Bool = false)
    case callback(login: String, answer: Secret)
    case confirm(login: String)
    case cancel(login: String)
    case await(login: String, wait: Int)
    case logout(name: String)
    /// `expires` is the value of the key: epoch seconds or RFC 3339. The daemon validates it.
    case importToken(name: String, token: Secret, expires: String?)
    case renew(name: String)
    case reload
    case explain(ExplainQuery)
    case metrics
    case ping
    case hello
    case help
    case quit
}

/// The parameters of GET, HEADER and WATCH.
///
/// The name is not validated: an impossible name, one that is not configured and one that this caller may not use are all refused in the same way.
package struct TokenQuery: Hashable, Sendable {
    package var name: String
    /// The minimum remaining lifetime of the token in seconds; `nil` is the default.
    package var minValid: Int?
    /// The maximum seconds to wait for an exchange; 0 means do not wait.
    package var wait: Int
    /// The requested scopes in order, without duplicates; empty for the scopes of the caller's rule.
    package var scopes: [String]
    package var audience: String?

    package static let defaultWait = 30
    package static let longestWait = 600
    /// Ten years: no token lives longer.
    package static let longestLifetime = 315_360_000

    package init(name: String, minValid: Int? = nil, wait: Int = defaultWait, scopes: [String] = [], audience: String? = nil) {
        self.name = name
        self.minValid = minValid
        self.wait = wait
        self.scopes = scopes
        self.audience = audience
    }
}

/// The caller to explain: `EXPLAIN name uid=… [gid=…]… [unit=…]`.
package struct ExplainQuery: Hashable, Sendable {
    package var name: String
    package var uid: UInt32
    package var gids: [UInt32]
    package var unit: String?

    package init(name: String, uid: UInt32, gids: [UInt32] = [], unit: String? = nil) {
        self.name = name
        self.uid = uid
        self.gids = gids
        self.unit = unit
    }
}
