import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// A reload leaves nothing behind of what it no longer knows.
@Suite struct ForgettingTests {
    /// One application at a server of its own, with a token of each kind, under names that no other number has.
    static func configuration(_ number: Int) -> Configuration {
        var configuration = Configuration()
        let name = "app\(number)"
        let allow = [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true)]
        configuration.applications[name] = Scene.application(name, issuer: "https://id\(number).test")
        func add(_ local: String, _ grant: TokenSettings.Grant, keep: TokenSettings.Keep = .onDemand) {
            let token = TokenName("\(name).\(local)")!
            configuration.tokens[token] = TokenSettings(name: token, grant: grant, scopes: ["read"], keep: keep, shared: true, allow: allow)
        }
        add("sync", .clientCredentials, keep: .always)
        add("job", .clientCredentials)
        add("user", .authorizationCode(SignInSettings(redirectURIs: ["http://127.0.0.1:53177/callback"])))
        add("pat", .reference(ReferenceSettings(value: Secret("a-reference-token"), expires: .at(1_800_000_000))))
        return configuration
    }

    /// What is in the tables that are kept by names.
    private func sizes(_ ledger: Ledger) -> [String: Int] {
        [
            "cache": ledger.cache.count, "consumers": ledger.cache.consumerCount, "failures": ledger.failures.count,
            "queues": ledger.exchanges.serverCount, "grants": ledger.grants.count, "exchanges": ledger.exchanges.exchangeCount,
            "references": ledger.references.count,
            "schedule": ledger.cache.scheduledCount, "keepAlives": ledger.grants.keepAliveCount, "warnings": ledger.grants.warningCount,
        ]
    }

    /// Goes over to configuration `number` and uses all of it: tokens held, one failing, one asked for in vain.
    private func use(_ number: Int, _ scene: inout Scene) throws {
        var turn = scene.ledger.adopt(Self.configuration(number), at: scene.now).turn
        for name in ["job", "user", "pat"] {
            let query = try scene.authorised(TokenQuery(name: "app\(number).\(name)"), Scene.script)
            turn.plans += scene.ledger.ask(query, waiter: UInt64(number * 10), at: scene.now).plans
        }
        for plan in turn.plans { _ = scene.settle(plan, plan.token.description.hasSuffix("job") ? .failure(Scene.garbled) : .success(Scene.tokens())) }
        scene.pass(1)
        _ = scene.due()
    }

    @Test func `after 1,000 reloads with new names the tables are as small as after one`() throws {
        var scene = Scene(Configuration())
        try use(0, &scene)
        try use(1, &scene)
        let once = sizes(scene.ledger)
        #expect(once["cache"] == 2)
        for number in 2...1_000 { try use(number, &scene) }
        #expect(sizes(scene.ledger) == once)
    }

    @Test func `what is under way for a token that is gone is not published under its name when it comes back`() throws {
        var scene = Scene(Self.configuration(0))
        let query = try scene.authorised(TokenQuery(name: "app0.job"), Scene.script)
        let plan = try #require(scene.ledger.ask(query, waiter: 1, at: scene.now).plans.first)
        _ = scene.ledger.adopt(Self.configuration(1), at: scene.now)
        _ = scene.ledger.adopt(Self.configuration(0), at: scene.now)
        _ = scene.settle(plan, .success(Scene.tokens()))
        #expect(scene.ledger.cache.held(query.key) == nil)
    }

    @Test func `what the store holds stays, though nothing in the configuration names it`() throws {
        var scene = GrantScene.signedIn()
        let grant = try #require(scene.ledger.grants[GrantScene.user]?.record)
        scene.run { $0.adopt(Self.configuration(0), at: $1).turn }
        #expect(scene.ledger.grants[GrantScene.user]?.record == grant)
        scene.run { $0.adopt(GrantScene.configuration(), at: $1).turn }
        #expect(scene.ledger.grants[GrantScene.user]?.record == grant)
    }

    @Test func `a sign-in that began before its token was gone is not taken when the token is back`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        scene.run { $0.adopt(Self.configuration(0), at: $1).turn }
        scene.run { $0.adopt(GrantScene.configuration(), at: $1).turn }
        let waiter = scene.callback(1)
        #expect(scene.refusal(waiter)?.code == .unavailable)
    }

    @Test func `the keep-alive and the warning of a sign-in go with its token`() {
        var scene = GrantScene.signedIn { $1.refreshLifetime = 86_400 }
        #expect((scene.ledger.grants.keepAliveCount, scene.ledger.grants.warningCount) == (1, 1))
        scene.run { $0.adopt(Self.configuration(0), at: $1).turn }
        #expect(scene.ledger.grants.nextWarning(GrantScene.user) == nil && scene.ledger.grants.keepAliveCount == 0)
    }

    @Test func `what is known of a token without a record goes with the token`() {
        var scene = Scene(Self.configuration(0))
        scene.ledger.grants.noteSignIn(TokenName("app0.user")!, failed: .stopping)
        _ = scene.ledger.adopt(Self.configuration(1), at: scene.now)
        #expect(scene.ledger.grants.count == 0)
    }

    @Test func `a pause that a client was told goes with the client`() throws {
        var scene = Scene(Self.configuration(0))
        let query = try scene.authorised(TokenQuery(name: "app0.job"), Scene.script)
        let plan = try #require(scene.ledger.ask(query, waiter: 1, at: scene.now).plans.first)
        _ = scene.settle(plan, .failure(ExchangeFailure(law: .answered(retryAfter: 600), reach: .client, status: 429, text: "the token endpoint answered 429")))
        let server = ServerRoute(ServerSettings(location: .issuer("https://id0.test")))
        #expect(scene.ledger.exchanges.queue(at: server)?.clients.count == 1)
        var next = Self.configuration(0)
        next.applications["app0"]?.client.id = "another"
        _ = scene.ledger.adopt(next, at: scene.now)
        #expect(scene.ledger.exchanges.queue(at: server)?.clients.count == 0)
    }
}
