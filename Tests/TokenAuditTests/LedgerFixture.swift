import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire

/// A ledger with one application, and a clock driven by hand.
struct LedgerFixture {
    static let sync = TokenName("portal.sync")!
    static let script = Caller(uid: 1000, gid: 1000, pid: 7)
    static let other = Caller(uid: 1001, gid: 1001, pid: 9)
    static let busyServer = ExchangeFailure(law: .answered(retryAfter: nil), reach: .server, status: 503, text: "the token endpoint answered 503")

    var ledger = Ledger(configuration(), seed: 1, fingerprint: fingerprint)
    var now = Moment(boot: .seconds(1000), wall: 1_790_000_000)
    private var lastWaiter: UInt64 = 0

    /// portal.sync, for uid 1000 and uid 1001 (read only).
    static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.applications["portal"] = application("portal")
        configuration.tokens[sync] = TokenSettings(
            name: sync, grant: .clientCredentials, scopes: ["read", "update"],
            allow: [
                AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), place: "portal.toml:10"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "bob", id: 1001)), scopes: ["read"], place: "portal.toml:11"),
            ])
        return configuration
    }

    static func application(_ name: String, issuer: String = "https://id.test") -> Application {
        Application(
            name: name, server: ServerSettings(location: .issuer(issuer)),
            client: ClientIdentity(id: name, authentication: .post(Secret("not-a-secret"))))
    }

    static func tokens(life: Int64? = 3600) -> IssuedTokens { IssuedTokens(accessToken: Secret("token"), lifetime: life, scopes: nil) }

    static func fingerprint(_ secret: Secret) -> Fingerprint {
        Fingerprint(bits: secret.withBytes { $0.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } })
    }

    mutating func pass(_ seconds: Int64) { now = Moment(boot: now.boot + .seconds(seconds), wall: now.wall + seconds) }

    /// The exchange that a GET leads to.
    mutating func get(by caller: Caller = LedgerFixture.script) throws -> ExchangePlan {
        lastWaiter += 1
        let query = TokenQuery(name: "portal.sync", minValid: nil, wait: 30, scopes: [])
        let turn = ledger.ask(try ledger.policy.authorise(query, for: caller).get(), waiter: lastWaiter, at: now)
        return try #require(turn.plans.first)
    }

    /// Its report, which the ledger hears.
    mutating func settle(_ plan: ExchangePlan, _ outcome: ExchangeOutcome, took: Int64 = 5_000_000) -> ExchangeReport {
        let report = ExchangeReport(plan: plan.id, outcome: outcome, sent: now, id: Fingerprint(bits: 1), took: took)
        _ = ledger.settle(report, at: now)
        return report
    }
}
