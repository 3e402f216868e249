import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What goes on beside a LOGIN, LOGOUT or IMPORT that the disk has not taken for certain.
@Suite struct ReplacementTests {
    /// An IMPORT that the disk may have taken, and does not take again.
    private func unsettle(_ scene: inout GrantScene) {
        scene.diskAnswer = .failure(GrantScene.halfway)
        let settings = scene.ledger.configuration.tokens[GrantScene.user]!
        let waiter = scene.request { $0.importToken(settings, Secret("refresh-7"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(scene.reason(waiter) == "store")
    }

    @Test func `an answer that waits for it keeps no place of its server's from other exchanges, and is safe from a crash`() throws {
        var scene = GrantScene.signedIn()
        scene.memoryWorks = true
        try scene.get(wait: 120)
        unsettle(&scene)
        #expect(scene.ledger.lanes.values.map(\.inFlight) == [1])
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.ledger.lanes.values.map(\.inFlight) == [0])
        #expect(scene.ledger.flights.values.allSatisfy { !$0.isExchange })
        // of the sign-in that is to be replaced, so that a start never takes it instead
        let kept = try #require(scene.remembered.last)
        #expect(kept.secret == Secret("refresh-2") && kept.grant == 1 && kept.generation == 2)
        scene.settleDown()
        scene.due()
        #expect(scene.stored() == "refresh-7" && scene.ledger.lanes.values.map(\.inFlight) == [1])
        #expect(scene.errands.contains { if case .revoke(Secret("refresh-2")) = $0.errand { true } else { false } })
    }
}
