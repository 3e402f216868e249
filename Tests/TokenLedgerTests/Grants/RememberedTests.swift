import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// Successors that the disk does not take, where there is memory that outlives the process.
@Suite struct RememberedTests {
    /// A refresh whose successor the disk refuses, so that the memory has it.
    private func remembered() throws -> (GrantScene, UInt64) {
        var scene = GrantScene.signedIn()
        scene.memoryWorks = true
        let waiter = try scene.get()
        scene.diskAnswer = .failure(GrantScene.full)
        scene.grant("access-1", refresh: "refresh-2", life: 100)
        return (scene, waiter)
    }

    @Test func `RT-05 a successor that the disk refuses is put into the memory at once, and its token is used`() throws {
        let (scene, _) = try remembered()
        var later = scene
        let waiter = try later.get()
        #expect(later.token(waiter)?.token == Secret("access-1"))
        #expect(later.stored() == "refresh-1")
    }

    @Test func `one that the disk is slow to take is put there after two seconds`() throws {
        var scene = GrantScene.signedIn()
        scene.memoryWorks = true
        try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        scene.pass(2.5)
        scene.due()
        let waiter = try scene.get()
        #expect(scene.token(waiter)?.token == Secret("access-1"))
        scene.finishJobs()
        #expect(scene.stored() == "refresh-2")
        #expect(!scene.ledger.isSpending)
    }

    @Test func `it is not spent before it is on the disk`() throws {
        var (scene, _) = try remembered()
        scene.pass(200)
        scene.due()
        let waiter = try scene.get(wait: 5)
        #expect(scene.plans.count == 1)
        #expect(scene.refusal(waiter)?.code == .unavailable)
        #expect(scene.reason(waiter) == "store")
        scene.diskAnswer = .success(())
        scene.pass(15)
        scene.due()
        #expect(scene.stored() == "refresh-2")
        scene.pass(15)
        try scene.get()
        #expect(scene.sentToken == "refresh-2")
    }

    @Test func `it never comes behind a sign-out that is on its way to the disk`() throws {
        var (scene, _) = try remembered()
        scene.diskAnswer = nil
        _ = scene.request { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: $1, at: $2) }
        scene.pass(30)
        scene.due()
        scene.diskAnswer = .success(())
        scene.finishJobs()
        scene.pass(30)
        scene.due()
        #expect(scene.disk[GrantScene.user]?.kind == .ended)
        #expect(!scene.ledger.isSpending)
    }

    @Test func `the end of the daemon writes it once more, and is waited for`() throws {
        var (scene, _) = try remembered()
        scene.diskAnswer = nil
        scene.jobs = []
        scene.run { ledger, _ in ledger.stop() }
        #expect(scene.ledger.isSpending)
        scene.finishJobs()
        #expect(scene.stored() == "refresh-2")
        #expect(!scene.ledger.isSpending)
    }

    @Test func `one that a start finds in the memory is written to the disk before it is spent`() throws {
        var scene = GrantScene()
        scene.diskAnswer = nil
        let record = GrantScene.record("refresh-2", generation: 2)
        scene.run { $0.restore([.unsynced(record)], at: $1) }
        scene.run { $0.start(at: $1) }
        let early = try scene.get(wait: 5)
        #expect(scene.reason(early) == "store")
        scene.finishJobs()
        #expect(scene.stored() == "refresh-2")
        scene.diskAnswer = .success(())
        scene.pass(15)
        try scene.get()
        #expect(scene.sentToken == "refresh-2")
    }
}
