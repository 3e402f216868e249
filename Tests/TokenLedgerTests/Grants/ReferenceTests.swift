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
