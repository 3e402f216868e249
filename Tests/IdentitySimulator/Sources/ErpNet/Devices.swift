internal import Keys

/// Pending device codes (RFC 8628).
package struct Devices: Sendable {
    package enum Decision: Equatable, Sendable {
        case waiting
        case approved(SignIn)
        case refused

        package var word: String {
            switch self {
            case .waiting: "waiting"
            case .approved: "approved"
            case .refused: "refused"
            }
        }
    }

    package struct Pending: Sendable {
        package let client: String
        package let scopes: [String]
        /// The user code: eight letters with a dash.
        package let userCode: String
        /// Unix seconds.
        package let expiry: Int
        /// The polling interval in seconds.
        package fileprivate(set) var interval: Int
        fileprivate var lastAsked: Int?
        package fileprivate(set) var decision = Decision.waiting

        package func isOpen(now: Int) -> Bool { decision == .waiting && now < expiry }
    }

    private var pending: [String: Pending] = [:]

    package init() {}

    package var all: [Pending] { pending.values.sorted { ($0.expiry, $0.userCode) < ($1.expiry, $1.userCode) } }

    package mutating func begin(client: String, scopes: [String], expiry: Int, interval: Int) -> (deviceCode: String, userCode: String) {
        let code = randomHex(bytes: 32)
        let entry = Pending(client: client, scopes: scopes, userCode: Self.newUserCode(), expiry: expiry, interval: interval)
        pending[code] = entry
        return (code, entry.userCode)
    }

    package func open(_ userCode: String, now: Int) -> Pending? {
        pending.values.first { $0.userCode == userCode.uppercased() && $0.isOpen(now: now) }
    }

    /// `false` if no pending request has this user code.
    package mutating func decide(_ userCode: String, _ decision: Decision, now: Int) -> Bool {
        guard let entry = open(userCode, now: now), let code = pending.first(where: { $0.value.userCode == entry.userCode })?.key else { return false }
        pending[code]?.decision = decision
        return true
    }

    /// Answers a polling device. An approved code can be used once, and polling too early increases the interval.
    package mutating func redeem(_ code: String, for client: String, now: Int) throws(TokenRefusal) -> (SignIn, scopes: [String]) {
        guard let entry = pending[code], entry.client == client else { throw .unknownDeviceCode }
        guard now < entry.expiry else { throw .expiredDeviceCode }
        switch entry.decision {
        case .approved(let signIn):
            pending[code] = nil
            return (signIn, entry.scopes)
        case .refused: throw .refusedByPerson
        case .waiting:
            pending[code]?.lastAsked = now
            guard let last = entry.lastAsked, now - last < entry.interval else { throw .authorizationPending }
            pending[code]?.interval += 5
            throw .askedTooSoon
        }
    }

    /// Letters that form no words and are not easily confused.
    private static func newUserCode() -> String {
        let letters = Array("BCDFGHJKLMNPQRSTVWXZ")
        let text = String((0..<8).map { _ in letters[Int.random(in: letters.indices)] })
        return text.prefix(4) + "-" + text.suffix(4)
    }
}

extension Devices.Pending {
    package func json(now: Int) -> JSON {
        [
            "user_code": .string(userCode), "client": .string(client), "scope": .string(scopes.joined(separator: " ")),
            "state": .string(decision == .waiting && now >= expiry ? "expired" : decision.word), "interval": .number(interval),
            "expires": .number(expiry),
        ]
    }
}
