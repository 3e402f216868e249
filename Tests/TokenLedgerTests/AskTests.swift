import OAuth
import Secrets
import TestSupport
import Testing
import TokenLedger
import TokenWire

@Suite struct AskTests {
    @Test func `who does not wait is told of the exchange, and nothing of what is held`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(100)
        let (waiter, turn) = try scene.get(Scene.query(3550, wait: 0))
        #expect(turn.refusal(waiter)?.code == .timeout && turn.plans.count == 1)
        #expect(turn.refusal(waiter)?.text.contains("held") == false)
    }

    @Test func `CC-03 a second request is answered from what is held, without an exchange`() throws {
        var scene = Scene()
        try scene.obtain()
        for _ in 0..<100 {
            let (waiter, turn) = try scene.get()
            #expect(turn.plans.isEmpty)
            #expect(turn.token(waiter)?.id == Fingerprint(bits: 1))
        }
    }

    @Test func `CC-05 two hundred callers of one missing token cause one exchange and share its success`() throws {
        var scene = Scene()
        let asked = try (0..<200).map { _ in
            // the exchange goes on for 20 s
            scene.pass(0.1)
            return try scene.get()
        }
        let plans = asked.flatMap(\.1.plans)
        #expect(plans.count == 1)
        let turn = scene.settle(try #require(plans.first), .success(Scene.tokens()))
        #expect(turn.answers.count == 200)
        #expect(asked.allSatisfy { turn.token($0.0) != nil })
    }

    @Test func `CC-05 two hundred callers of one missing token cause one exchange and share its failure`() throws {
        var scene = Scene()
        let asked = try (0..<200).map { _ in try scene.get() }
        let plans = asked.flatMap(\.1.plans)
        #expect(plans.count == 1)
        let turn = scene.settle(try #require(plans.first), .failure(Scene.busyServer))
        #expect(turn.plans.isEmpty)
        #expect(asked.allSatisfy { turn.refusal($0.0)?.code == .unavailable })
    }

    @Test func `RT-06 who asks while a token's renewal has just begun waits for it as the first one does`() throws {
        var scene = Scene()
        try scene.obtain(life: 4)
        scene.pass(3.01)
        let (first, turn) = try scene.get()
        scene.pass(0.01)
        let (second, joined) = try scene.get()
        #expect(joined.plans.isEmpty && joined.answer(second) == nil)
        let settled = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 4)), id: 2)
        #expect(settled.token(first)?.id == Fingerprint(bits: 2) && settled.token(second)?.id == Fingerprint(bits: 2))
    }

    @Test func `CC-06 another consumer, another scope or another audience is another exchange`() throws {
        var configuration = Scene.configuration { $0.audiences = ["https://a.test", "https://b.test"] }
        configuration.tokens[Scene.sync]?.audienceParameter = .audience
        var scene = Scene(configuration)
        let queries = [
            (Scene.query(), Scene.script), (Scene.query(), Scene.unit), (Scene.query(scopes: ["read"]), Scene.script),
            (TokenQuery(name: "portal.sync", audience: "https://b.test"), Scene.script),
        ]
        let plans = try queries.flatMap { try scene.get($0.0, by: $0.1).1.plans }
        #expect(plans.count == 4)
        #expect(
            plans.map(\.grant) == [
                .clientCredentials(scopes: ["read", "update"], audience: Audience(parameter: .audience, value: "https://a.test")),
                .clientCredentials(scopes: ["read", "update"], audience: Audience(parameter: .audience, value: "https://a.test")),
                .clientCredentials(scopes: ["read"], audience: Audience(parameter: .audience, value: "https://a.test")),
                .clientCredentials(scopes: ["read", "update"], audience: Audience(parameter: .audience, value: "https://b.test")),
            ])
    }

    @Test func `the order in which scopes are asked for makes no difference`() throws {
        var scene = Scene()
        let (_, first) = try scene.get(Scene.query(scopes: ["update", "read"]))
        let (_, second) = try scene.get(Scene.query(scopes: ["read", "update"]))
        #expect(first.plans.count == 1)
        #expect(second.plans.isEmpty)
    }

    @Test func `a shared token is one token for all its consumers`() throws {
        var scene = Scene(Scene.configuration { $0.shared = true })
        try scene.obtain(by: Scene.script)
        let (waiter, turn) = try scene.get(by: Scene.unit)
        #expect(turn.plans.isEmpty)
        #expect(turn.token(waiter) != nil)
    }

    @Test func `TIME-05 a token with less than its default promise left is renewed before it is handed out`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(3600 - 59)
        let (waiter, turn) = try scene.get()
        #expect(turn.answer(waiter) == nil)
        #expect(turn.plans.count == 1)
    }

    @Test(arguments: [(3600, 60), (100, 25), (4, 1)])
    func `TIME-05 the default promise is the smaller of 60 s and a quarter of the life`(life: Int64, promise: Int64) throws {
        var scene = Scene()
        try scene.obtain(life: life)
        scene.pass(Double(life - promise))
        #expect(scene.ledger.ready(try scene.authorised(Scene.query(), Scene.script), at: scene.now) != nil)
        scene.pass(0.01)
        #expect(scene.ledger.ready(try scene.authorised(Scene.query(), Scene.script), at: scene.now) == nil)
    }

    @Test func `TIME-05 an explicit min-valid is a promise, kept by an early exchange`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(600)
        let (waiter, turn) = try scene.get(Scene.query(3300))
        let plan = try #require(turn.plans.first)
        let settled = scene.settle(plan, .success(Scene.tokens(life: 3600)), id: 2)
        #expect(settled.token(waiter)?.id == Fingerprint(bits: 2))
    }

    @Test func `TIME-05 a min-valid that no token of the server can keep is refused without asking twice`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get(Scene.query(7200))
        let settled = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 3600)))
        #expect(settled.refusal(waiter)?.text == "the server's tokens live 3600 s; min-valid=7200 can never be met")
        let (next, again) = try scene.get(Scene.query(7200))
        #expect(again.plans.isEmpty)
        #expect(again.refusal(next)?.fields == [Field("reason", "short-lived")])
    }

    @Test func `TR-04 a lifetime the server does not name is assumed from the configuration`() throws {
        var scene = Scene(Scene.configuration { $0.assumeLifetime = 200 })
        try scene.obtain(life: nil)
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter)?.isAssumed == true)
        #expect(turn.token(waiter)?.expires == .at(scene.now.wall + 200))
    }

    @Test func `TR-06 a lifetime counts from before the request was sent`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let sent = scene.now
        scene.pass(20)
        let report = ExchangeReport(
            plan: try #require(turn.plans.first).id, outcome: .success(Scene.tokens(life: 100)), sent: sent, id: Fingerprint(bits: 3), took: 1)
        let settled = scene.ledger.settle(report, at: scene.now)
        #expect(settled.token(waiter)?.expires == .at(sent.wall + 100))
        #expect(settled.token(waiter)?.until == sent.boot + .seconds(100))
    }

    @Test func `TIME-05 a token is not served after the second that its callers were told`() throws {
        var scene = Scene()
        scene.now.fraction = 900_000_000
        let (waiter, turn) = try scene.get()
        let settled = scene.settle(turn.plans[0], .success(Scene.tokens(life: 4)))
        #expect(settled.token(waiter)?.expires == .at(scene.now.wall + 4))
        #expect(scene.ledger.isServable(Scene.sync, at: scene.now.boot + 3_099_999_999))
        #expect(!scene.ledger.isServable(Scene.sync, at: scene.now.boot + 3_100_000_000))
        _ = scene.ledger.clockStepped(to: Moment(boot: scene.now.boot, wall: 1_800_000_000, fraction: 200_000_000))
        // it ends 4 s after it was asked for: at 04.2 of the new clock, so callers are told 04 and it is served until then
        let held = scene.ledger.ready(try scene.authorised(Scene.query(), Scene.script), at: scene.now)?.held
        #expect(held?.expires == .at(1_800_000_004))
        #expect(scene.ledger.isServable(Scene.sync, at: scene.now.boot + 3_799_999_999))
        #expect(!scene.ledger.isServable(Scene.sync, at: scene.now.boot + 3_800_000_000))
    }

    @Test func `TIME-05 a token that ends before it arrives is not handed out, and that passes`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let sent = scene.now
        scene.pass(5)
        let report = ExchangeReport(
            plan: try #require(turn.plans.first).id, outcome: .success(Scene.tokens(life: 4)), sent: sent, id: Fingerprint(bits: 3), took: 1)
        #expect(scene.ledger.settle(report, at: scene.now).refusal(waiter)?.code == .unavailable)
    }

    @Test func `TR-05 a token that has expired on arrival is never handed out`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let settled = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 0)))
        #expect(settled.refusal(waiter)?.code == .refused)
        #expect(settled.refusal(waiter)?.fields.first == Field("reason", "short-lived"))
        #expect(settled.plans.isEmpty)
    }

    @Test func `TR-07 what the server granted is what is reported`() throws {
        var scene = Scene()
        try scene.obtain(scopes: ["update", "read", "extra"])
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter)?.scopes == ["update", "read", "extra"])
    }

    @Test func `TR-07 no scope in the answer means as requested`() throws {
        var scene = Scene()
        try scene.obtain(scopes: nil)
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter)?.scopes == ["read", "update"])
    }

    @Test func `TR-08 a token that lacks a demanded scope is never handed over, and the missing ones are named`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        let settled = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(scopes: ["read"])))
        #expect(settled.refusal(waiter) == Refusal(.refused, [Field("reason", "missing-scope")], "the server did not grant scope \"update\""))
        let (next, again) = try scene.get()
        #expect(again.plans.isEmpty)
        #expect(again.refusal(next)?.code == .refused)
    }

    @Test func `SEC-08 nor is it shown to who watches, and it is not asked for again at once`() throws {
        var scene = Scene()
        let query = try scene.authorised(Scene.query(), Scene.other)
        let begun = try scene.ledger.watch(query, watcher: 70, at: scene.now).get()
        let settled = scene.settle(try #require(begun.plans.first), .success(Scene.tokens(scopes: ["read", "update"])))
        let later = try scene.ledger.watch(query, watcher: 71, at: scene.now).get()
        #expect(later.plans.isEmpty)
        let rows = (settled.rows + later.rows).map(\.row)
        #expect(rows.count == 2)
        for row in rows { #expect({ if case .trouble(_, let reason) = row { reason.contains("update") } else { false } }()) }
    }

    @Test func `SEC-08 a token wider than the rule is not handed over`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get(by: Scene.other)
        #expect(try #require(turn.plans.first).grant == .clientCredentials(scopes: ["read"], audience: nil))
        let settled = scene.settle(turn.plans[0], .success(Scene.tokens(scopes: ["read", "update"])))
        #expect(settled.refusal(waiter)?.fields == [Field("reason", "wider-than-rule")])
        let (next, again) = try scene.get(by: Scene.other)
        #expect(again.plans.isEmpty)
        #expect(again.refusal(next)?.fields == [Field("reason", "wider-than-rule")])
    }

    @Test func `a caller who does not wait is told so while the exchange goes on`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get(Scene.query(wait: 0))
        #expect(turn.refusal(waiter)?.code == .timeout)
        #expect(turn.plans.count == 1)
        _ = scene.settle(turn.plans[0], .success(Scene.tokens()))
        let (next, again) = try scene.get(Scene.query(wait: 0))
        #expect(again.token(next) != nil)
    }

    @Test func `ERR-12 a wait ends at the deadline the caller named and not before`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get(Scene.query(wait: 5))
        scene.pass(4.9)
        #expect(scene.due().answer(waiter) == nil)
        scene.pass(0.2)
        #expect(scene.due().refusal(waiter)?.code == .timeout)
        #expect(scene.settle(turn.plans[0], .success(Scene.tokens())).answers.isEmpty)
    }

    @Test func `a token that ends while its caller waits for a better one shortens nobody's wait`() throws {
        var scene = Scene()
        try scene.obtain(life: 4)
        scene.pass(3.2)
        let (waiter, turn) = try scene.get()
        scene.pass(1)
        #expect(scene.due().answer(waiter) == nil)
        var late = scene
        late.pass(29)
        #expect(late.due().refusal(waiter)?.code == .timeout)
        scene.pass(28)
        #expect(scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 4)), id: 2).token(waiter) != nil)
    }

    @Test func `a caller who leaves takes nothing with it, the exchange goes on`() throws {
        var scene = Scene()
        let (waiter, turn) = try scene.get()
        scene.ledger.withdraw(waiter: waiter)
        #expect(scene.settle(turn.plans[0], .success(Scene.tokens())).answers.isEmpty)
        #expect(scene.state() == .ready)
    }

    @Test func `a consumer has a budget for early renewals, and is told when there is more`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        var refused: Refusal?
        for round in 1...6 {
            scene.pass(1)
            let (waiter, turn) = try scene.get(Scene.query(3600))
            if let plan = turn.plans.first { _ = scene.settle(plan, .success(Scene.tokens(life: 3600)), id: UInt64(round + 1)) }
            refused = turn.refusal(waiter)
        }
        #expect(refused?.code == .busy)
        #expect(refused?.fields.first?.key == "retry-after")
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter) != nil)
    }

    @Test func `a token that has run out is fetched however often that happens`() throws {
        var scene = Scene()
        for round in 0..<20 {
            try scene.obtain(life: 4, id: UInt64(round))
            scene.pass(5)
            _ = scene.due()
        }
    }

    @Test func `a consumer holds at most eight variants, the one unused for longest makes room`() throws {
        let scopes = (0..<12).map { "s\($0)" }
        var scene = Scene(Scene.configuration { $0.scopes = scopes })
        var exchanges = 0
        for scope in scopes {
            scene.pass(61)
            let (_, turn) = try scene.get(Scene.query(scopes: [scope]))
            for plan in turn.plans {
                exchanges += 1
                _ = scene.settle(plan, .success(Scene.tokens(life: 36000)))
            }
        }
        #expect(exchanges >= 8)
        #expect(scene.ledger.consumers(of: Scene.sync).count <= 8)
    }

    // MARK: servers that grant thousands of scopes

    @Test(arguments: [1, 5, 6, 4_000]) func `a refusal names a few scopes and says that there are others`(beyond: Int) throws {
        var scene = Scene()
        let granted = ["read", "update"] + (0..<beyond).map { "more-\($0)" }
        try scene.obtain(scopes: granted, by: Scene.script)
        let (waiter, turn) = try scene.get(by: Scene.other)
        let settled = turn.plans.first.map { scene.settle($0, .success(Scene.tokens(scopes: granted))) }
        let text = try #require((settled?.refusal(waiter) ?? turn.refusal(waiter))?.text)
        let names = (["update"] + (0..<beyond).map { "more-\($0)" }).prefix(5).map { "\"\($0)\"" }.joined(separator: ", ")
        #expect(text == "the server granted \(names)\(beyond > 4 ? " and others" : "") beyond what the rule allows")
    }

    @Test func `a thousand callers of a token cost no more for each of its scopes where it has thousands`() throws {
        #expect(try growth(from: 250, to: 2_000, costOfCallers) < 24, "linear growth is 8, quadratic growth is 64")
    }

    /// The processor time that 500 callers who wait for a token of so many scopes cost, and ten who are refused it.
    private func costOfCallers(scopes count: Int) throws -> Duration {
        let scopes = (0..<count).map { "https://api.test/scope/number-\($0)" }
        var scene = Scene(
            Scene.configuration {
                $0.shared = true
                $0.scopes = scopes
                $0.allow = [
                    AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000))),
                    AllowEntry(who: PeerPattern(user: NamedID(name: "bob", id: 1001)), scopes: Array(scopes.dropLast(8))),
                ]
            })
        let bounded = try scene.authorised(TokenQuery(name: "portal.sync", wait: 30), Scene.other)
        var plan: ExchangePlan?
        for waiter in 1...500 as ClosedRange<UInt64> { plan = scene.ledger.ask(bounded, waiter: waiter, at: scene.now).plans.first ?? plan }
        let tokens = Scene.tokens(scopes: scopes + (0..<count).map { "https://api.test/other/number-\($0)" })
        return try processorTime {
            let settled = scene.settle(try #require(plan), .success(tokens))
            #expect(settled.answers.count == 500)
            for _ in 1...10 {
                let (waiter, turn) = try scene.get(TokenQuery(name: "portal.sync", wait: 5), by: Scene.other)
                #expect(try #require(turn.refusal(waiter)).text.utf8.count < 500)
            }
        }
    }
}
