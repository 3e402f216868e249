internal import Keys

/// Device codes that wait for somebody with a browser (RFC 8628).
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
        /// What the person types: eight letters with a dash.
        package let userCode: String
        /// Unix seconds.
        package let expiry: Int
        /// Seconds from one question to the next.
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

    /// `false` when no open request has that user code.
    package mutating func decide(_ userCode: String, _ decision: Decision, now: Int) -> Bool {
        guard let entry = open(userCode, now: now), let code = pending.first(where: { $0.value.userCode == entry.userCode })?.key else { return false }
        pending[code]?.decision = decision
        return true
    }

    /// Answers a device that asks. An approved code is good once, and asking too soon makes the interval longer.
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

    /// Letters that make no words and are not taken for others.
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
