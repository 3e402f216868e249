import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// Reference tokens: held as they are, told about as they are.
@Suite struct ReferenceTests {
    private func imported(expires: Expiry? = nil) throws -> GrantScene {
        var scene = GrantScene()
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.pat])
        _ = scene.request { $0.importToken(settings, Secret("enrt_0123456789ABCDEF"), expires: expires, for: GrantScene.alice, waiter: $1, at: $2) }
        return scene
    }

    @Test(arguments: [nil, Expiry.never, .at(1_790_100_000)]) func `STAT-01 nothing is ever renewed, so no status says when`(expires: Expiry?) throws {
        let scene = try imported(expires: expires)
        let status = scene.ledger.status(of: GrantScene.pat, at: scene.now)
        #expect(status.state == .ready)
        #expect(status.renews == nil)
        #expect(status.expires == expires ?? .never)
    }

    @Test func `STAT-01 a token in use is served to its end, and no place at a server is taken for another one`() throws {
        var scene = try imported(expires: .at(1_790_003_600))
        let key = try #require(scene.ledger.configuration.tokens[GrantScene.pat]).soleKey
        let query = try scene.ledger.policy.authorise(name: "portal.pat", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        // at 3500 s a token that is exchanged would be renewed
        for (seconds, isServed) in [(0.0, true), (3_500, true), (99, true), (2, false)] {
            scene.pass(seconds)
            scene.due()
            let waiter = try scene.get(name: GrantScene.pat)
            #expect((scene.token(waiter) != nil) == isServed)
            #expect(scene.ledger.exchanges.isIdle(key) && scene.ledger.exchanges.inFlight == 0)
        }
        #expect(scene.plans.isEmpty && scene.errands.isEmpty && scene.ledger.exchanges.exchangeCount == 0)
    }

    @Test func `REJECT changes nothing, and somebody hears of it`() throws {
        var scene = try imported()
        try scene.get(name: GrantScene.pat)
        let query = try scene.ledger.policy.authorise(name: "portal.pat", for: GrantScene.alice).get()
        let (verdict, turn) = scene.ledger.reject(query, id: nil, waiter: 9, at: scene.now)
        guard case .cooling = verdict else { return #expect(Bool(false), "it is to be renewed") }
        scene.take(turn)
        #expect(scene.plans.isEmpty)
        #expect(scene.events.contains { if case .referenceRejected(GrantScene.pat, _) = $0 { true } else { false } })
        let waiter = try scene.get(name: GrantScene.pat)
        #expect(scene.token(waiter)?.token == Secret("enrt_0123456789ABCDEF"))
    }
}
