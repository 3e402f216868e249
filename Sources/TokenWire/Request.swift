package import Secrets

/// One request line, understood.
package enum Request: Hashable, Sendable {
    case get(TokenQuery)
    case header(TokenQuery)
    /// `id` nil: the token last served to this consumer. `wait` in seconds.
    case reject(name: String, id: Fingerprint?, wait: Int)
    case wait(name: String, wait: Int)
    case watch(TokenQuery)
    case list
    case status(name: String?)
    /// `confirmsFirst`: also the first sign-in of a token is stored only after CONFIRM.
    case login(name: String, redirectURI: String?, flow: String?, confirmsFirst: Bool = false)
    case callback(login: String, answer: Secret)
    case confirm(login: String)
    case cancel(login: String)
    case await(login: String, wait: Int)
    case logout(name: String)
    /// `expires` is the text of the key: epoch seconds or RFC 3339, judged by who takes the token in.
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

/// What GET, HEADER and WATCH ask for.
///
/// The name is kept as the caller wrote it: whether it is a possible name, a configured one, and one for this caller are
/// all answered by the same refusal.
package struct TokenQuery: Hashable, Sendable {
    package var name: String
    /// Seconds the token must still live when it is handed over; `nil` is the default promise.
    package var minValid: Int?
    /// Seconds the caller may be held for an exchange; 0 = do not wait.
    package var wait: Int
    /// The subset of scopes asked for, in the order given and each once; empty means what the caller's rule allows.
    package var scopes: [String]
    package var audience: String?

    package static let defaultWait = 30
    package static let longestWait = 600
    /// Ten years: longer than any token lives.
    package static let longestLifetime = 315_360_000

    package init(name: String, minValid: Int? = nil, wait: Int = defaultWait, scopes: [String] = [], audience: String? = nil) {
        self.name = name
        self.minValid = minValid
        self.wait = wait
        self.scopes = scopes
        self.audience = audience
    }
}

/// `EXPLAIN name uid=… [gid=…]… [unit=…]`: who would be asking.
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
