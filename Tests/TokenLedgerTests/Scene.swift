import OAuth
import Secrets
import Testing
@testable import TokenLedger
import TokenWire

/// A ledger with one application, a clock driven by hand, and short words for what happens to it.
struct Scene {
    static let sync = TokenName("portal.sync")!
    static let script = Caller(uid: 1000, gid: 1000, pid: 7)
    static let unit = Caller(uid: 990, gid: 990, pid: 8, unit: .unit("erp-sync.service"))
    static let other = Caller(uid: 1001, gid: 1001, pid: 9)

    static let root = Share(.root, .uid(0))

    var ledger: Ledger
    var now = Moment(boot: .seconds(1000), wall: 1_790_000_000)
    private var lastWaiter: UInt64 = 0

    init(_ configuration: Configuration = Scene.configuration(), seed: UInt64 = 1) {
        ledger = Ledger(configuration, seed: seed, fingerprint: Scene.fingerprint)
    }

    /// portal.sync, for uid 1000, uid 1001 (read only) and erp-sync.service.
    static func configuration(_ change: (inout TokenSettings) -> Void = { _ in }) -> Configuration {
        var token = TokenSettings(
            name: sync, grant: .clientCredentials, scopes: ["read", "update"],
            allow: [
                AllowEntry(who: PeerPattern(unit: UnitPattern("erp-sync.service")), place: "portal.toml:9"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), place: "portal.toml:10"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "bob", id: 1001)), scopes: ["read"], place: "portal.toml:11"),
            ])
        change(&token)
        var configuration = Configuration()
        configuration.applications["portal"] = application("portal")
        configuration.tokens[sync] = token
        return configuration
    }

    static func application(_ name: String, issuer: String = "https://id.test") -> Application {
        Application(
            name: name, server: ServerSettings(location: .issuer(issuer)),
            client: ClientIdentity(id: name, authentication: .post(Secret("not-a-secret"))))
    }

    mutating func pass(_ seconds: Double) {
        let nanoseconds = Int64(seconds * 1e9)
        now = Moment(boot: now.boot + nanoseconds, wall: now.wall + Int64(seconds))
    }

    func authorised(_ query: TokenQuery, _ caller: Caller) throws -> AuthorisedQuery {
        try ledger.policy.authorise(query, for: caller).get()
    }

    static func query(_ minValid: Int? = nil, wait: Int = 30, scopes: [String] = []) -> TokenQuery {
        TokenQuery(name: "portal.sync", minValid: minValid, wait: wait, scopes: scopes)
    }

    /// A GET. Returns its waiter and what the ledger wants done.
    mutating func get(_ query: TokenQuery = Scene.query(), by caller: Caller = Scene.script) throws -> (UInt64, Turn) {
        lastWaiter += 1
        let turn = ledger.ask(try authorised(query, caller), waiter: lastWaiter, at: now)
        return (lastWaiter, turn)
    }

    mutating func settle(_ plan: ExchangePlan, _ outcome: ExchangeOutcome, id: UInt64 = 1) -> Turn {
        ledger.settle(ExchangeReport(plan: plan.id, outcome: outcome, sent: now, id: Fingerprint(bits: id), took: 5_000_000), at: now)
    }

    /// A GET that makes its exchange, which succeeds at once.
    @discardableResult
    mutating func obtain(life: Int64? = 3600, id: UInt64 = 1, scopes: [String]? = nil, by caller: Caller = Scene.script) throws -> Turn {
        let (_, turn) = try get(by: caller)
        let plan = try #require(turn.plans.first)
        return settle(plan, .success(Scene.tokens(life: life, scopes: scopes)), id: id)
    }

    mutating func due() -> Turn { ledger.due(at: now) }

    static func tokens(_ text: String = "token", life: Int64? = 3600, scopes: [String]? = nil) -> IssuedTokens {
        IssuedTokens(accessToken: Secret(text), lifetime: life, scopes: scopes)
    }

    static let busyServer = ExchangeFailure(law: .answered(retryAfter: nil), reach: .server, status: 503, text: "the token endpoint answered 503")
    static let unreachable = ExchangeFailure(law: .unsent, reach: .server, text: "the connection was refused")
    static let wrongSecret = ExchangeFailure(
        law: .configuration, reach: .credential, oauthError: "invalid_client", status: 400, text: "the token endpoint said invalid_client")
    static let page = ExchangeFailure(law: .silent, reach: .credential, status: 404, text: "the token endpoint answered 404")
    static let garbled = ExchangeFailure(law: .unknown, reach: .credential, status: 200, text: "the answer could not be read")

    /// Good enough for a test: the texts are short and different.
    static func fingerprint(_ secret: Secret) -> Fingerprint {
        Fingerprint(bits: secret.withBytes { $0.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } })
    }

    var key: CacheKey { CacheKey(token: Scene.sync, consumer: .uid(1000), scopes: ["read", "update"], audience: nil) }
    func state(_ key: CacheKey? = nil) -> TokenState { ledger.state(of: key ?? self.key, at: now.boot).state }
}

extension Turn {
    func answer(_ waiter: UInt64) -> Answer? { answers.first { $0.waiter == waiter }?.answer }
    func token(_ waiter: UInt64) -> HeldToken? { if case .token(let held)? = answer(waiter) { held } else { nil } }
    func refusal(_ waiter: UInt64) -> Refusal? { if case .refused(let refusal)? = answer(waiter) { refusal } else { nil } }
}

extension Configuration {
    /// The same with one token more, set up like another.
    func with(_ name: TokenName, like other: TokenName) -> Configuration {
        var next = self
        next.tokens[name] = tokens[other]
        next.tokens[name]?.name = name
        return next
    }
}

extension TokenCache {
    /// No token is held at all.
    var hasNothing: Bool { keys.allSatisfy { held($0) == nil } }
}
