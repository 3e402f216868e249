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
        #expect(scene.ledger.exchanges.inFlight == 1)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.ledger.exchanges.inFlight == 0)
        // of the sign-in that is to be replaced, so that a start never takes it instead
        let kept = try #require(scene.remembered.last)
        #expect(kept.secret == Secret("refresh-2") && kept.grant == 1 && kept.generation == 2)
        scene.settleDown()
        scene.due()
        #expect(scene.stored() == "refresh-7" && scene.ledger.exchanges.inFlight == 1)
        #expect(scene.errands.contains { if case .revoke(Secret("refresh-2")) = $0.errand { true } else { false } })
    }

    @Test func `while it is not there a GET hears of the disk, not of an exchange that goes on`() throws {
        var scene = GrantScene.signedIn()
        unsettle(&scene)
        #expect(scene.state == .unavailable)
        let unwilling = try scene.get(wait: 1)
        #expect(scene.reason(unwilling) == "store")
        #expect(scene.refusal(unwilling)?.text == "what replaces the sign-in of \"portal.user\" is not on the disk for certain yet")
        // it waits for the next tries, as long as one comes soon enough
        let waiter = try scene.get(wait: 20)
        #expect(scene.answers[waiter] == nil)
        var waited = 0
        while scene.answers[waiter] == nil, waited < 20 {
            scene.pass(1)
            waited += 1
            scene.due()
            #expect(scene.state == .unavailable)
        }
        #expect(waited < 20 && scene.reason(waiter) == "store")
        let lasting = try scene.get(wait: 120)
        scene.settleDown()
        scene.grant("access-7", refresh: "refresh-8")
        #expect(scene.token(lasting)?.token == Secret("access-7"))
    }

    @Test func `while it is not there RENEW hears of the disk at once`() {
        var scene = GrantScene.signedIn()
        unsettle(&scene)
        scene.pass(6)
        let (result, turn) = scene.ledger.renew(GrantScene.user, of: Scene.root, waiters: { 99 }, wait: 30, at: scene.now)
        guard case .failure(let refusal) = result else { return _ = Issue.record("it was begun: \(result)") }
        #expect(refusal.fields.first == Field("reason", "store") && turn.plans.isEmpty)
    }

    @Test func `who waited before it was refused, for an exchange too, hears of the disk`() throws {
        for isSent in [false, true] {
            var scene = GrantScene.signedIn()
            let patient = isSent ? try scene.get(wait: 120) : nil
            let early = isSent ? try scene.get(wait: 1) : nil
            scene.diskAnswer = nil
            _ = scene.request { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: $1, at: $2) }
            let late = try scene.get(wait: 1)
            scene.finishJobs(.failure(GrantScene.halfway))
            #expect(scene.reason(late) == "store" && early.map { scene.reason($0) == "store" } != false)
            #expect(scene.state == .unavailable && patient.map { scene.answers[$0] == nil } != false)
            scene.settleDown()
            #expect(scene.state == .loginRequired && patient.map { scene.reason($0) == "signed-out" } != false)
        }
    }
}
