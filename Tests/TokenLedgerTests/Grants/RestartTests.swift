import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What a start makes of what it finds on the disk.
@Suite struct RestartTests {
    private func intent(_ attempt: Int, generation: UInt64 = 1, ago: Int64 = 0) -> Intent {
        Intent(grant: 1, generation: generation, attempt: attempt, token: Scene.fingerprint(Secret("refresh-1")), sent: 1_790_000_000 - ago)
    }

    @Test func `a sign-in outlives the daemon, and a start sends nothing because of it`() throws {
        var scene = GrantScene.signedIn()
        #expect(scene.plans.isEmpty)
        #expect(scene.state == .idle)
        let waiter = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil)
    }

    @Test func `an intent without a successor is a lost answer: one replay, late`() throws {
        var scene = GrantScene.signedIn(intent: intent(1, ago: 10))
        try scene.get(wait: 0)
        #expect(scene.plans.isEmpty)
        scene.pass(81)
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
        #expect(scene.intents[GrantScene.user]?.attempt == 2)
    }

    @Test(arguments: [2, 3, 255])
    func `RT-12 a replay whose outcome is not known is made again after a start, also what an earlier version took for the end`(attempt: Int) throws {
        var scene = GrantScene.signedIn(intent: intent(attempt, ago: 10))
        let early = try scene.get(wait: 0)
        #expect(scene.refusal(early)?.code == .unavailable && scene.plans.isEmpty)
        scene.pass(81)
        let waiter = try scene.get()
        #expect(scene.sentToken == "refresh-1")
        #expect(scene.intents[GrantScene.user]?.attempt == min(attempt + 1, 255))
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(waiter) != nil && scene.stored() == "refresh-2")
    }

    @Test func `an intent of long ago is replayed at once, and one from the future not much later`() throws {
        var old = GrantScene.signedIn(intent: intent(1, ago: 100_000))
        try old.get()
        #expect(old.plans.count == 1)
        var early = GrantScene.signedIn(intent: intent(1, ago: -100_000))
        try early.get(wait: 0)
        #expect(early.plans.isEmpty)
        early.pass(91)
        try early.get()
        #expect(early.plans.count == 1)
    }

    @Test func `an intent of an older record says nothing about this one`() throws {
        var scene = GrantScene.signedIn(GrantScene.record(generation: 2), intent: intent(1, generation: 1))
        #expect(scene.intents.isEmpty)
        try scene.get()
        #expect(scene.intents[GrantScene.user]?.attempt == 1)
    }

    @Test func `DISC-17 a record of another issuer or client is sent nowhere, and is kept`() throws {
        for (server, client) in [("https://other.test", "portal"), ("https://id.test", "another")] {
            var record = GrantScene.record()
            record.binding.server = server
            record.binding.clientID = client
            var scene = GrantScene.signedIn(record)
            let waiter = try scene.get()
            #expect(scene.reason(waiter) == "issuer-changed")
            scene.pass(1_000_000)
            scene.due()
            #expect(scene.plans.isEmpty)
            #expect(scene.stored() == "refresh-1")
        }
    }

    @Test func `a record that cannot be opened is locked, and everything else works`() throws {
        var scene = GrantScene()
        scene.run { $0.restore([.locked(GrantScene.user, reason: "no key opens it")], at: $1) }
        let waiter = try scene.get()
        #expect(scene.reason(waiter) == "locked")
        #expect(scene.state == .locked)
        #expect(scene.events.contains { if case .locked(GrantScene.user, _) = $0 { true } else { false } })
    }

    @Test func `after a sign-out nobody is signed in`() throws {
        var record = GrantScene.record()
        (record.kind, record.secret) = (.ended, Secret(""))
        var scene = GrantScene.signedIn(record)
        let waiter = try scene.get()
        #expect(scene.reason(waiter) == "signed-out")
    }

    @Test func `ten thousand sign-ins after a long night cause no herd`() throws {
        var configuration = GrantScene.configuration()
        let settings = configuration.tokens[GrantScene.user]!
        var found: [Found] = []
        for number in 1...10_000 {
            let name = TokenName("portal.u\(number)")!
            var token = settings
            token.name = name
            configuration.tokens[name] = token
            var record = GrantScene.record("refresh-\(number)", ago: 100_000)
            record.name = name
            found.append(.record(record, nil))
        }
        var ledger = Ledger(configuration, seed: 7, fingerprint: Scene.fingerprint)
        var now = Moment(boot: .seconds(100_000), wall: 1_790_000_000)
        var first = ledger.restore(found, at: now).jobs.count + ledger.start(at: now).jobs.count
        #expect(first == 0)
        var most = 0
        for _ in 1...600 {
            now = Moment(boot: now.boot + .seconds(1), wall: now.wall + 1)
            var turn = ledger.due(at: now)
            var begun = 0
            while !turn.jobs.isEmpty || !turn.plans.isEmpty {
                begun += turn.plans.count
                var next = Turn()
                for task in turn.jobs { merge(&next, ledger.stored(StoreReport(id: task.id, result: .success(())), at: now)) }
                for plan in turn.plans {
                    let tokens = IssuedTokens(accessToken: Secret("access"), lifetime: 3600, scopes: nil)
                    merge(&next, ledger.settle(ExchangeReport(plan: plan.id, outcome: .success(tokens), sent: now, id: Fingerprint(bits: 1), took: 1), at: now))
                }
                turn = next
            }
            first += begun
            most = max(most, begun)
        }
        #expect(first > 9_000)
        #expect(most < 64)
    }

    private func merge(_ turn: inout Turn, _ other: Turn) {
        turn.jobs += other.jobs
        turn.plans += other.plans
    }
}
