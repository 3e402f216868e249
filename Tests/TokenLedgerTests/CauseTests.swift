import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// Why an exchange was made, as the plan and the event say.
@Suite struct CauseTests {
    private func cause(_ turn: Turn) -> Cause? {
        turn.events.compactMap { event in
            switch event {
            case .renewed(_, _, _, let cause, _), .failed(_, _, _, let cause, _, _, _): cause
            default: nil
            }
        }.first
    }

    @Test func `somebody asked, then it is due because it was used`() throws {
        var scene = Scene()
        #expect(cause(try scene.obtain(life: 3_600)) == .asked)
        _ = try scene.get()
        scene.pass(3_300)
        let due = scene.due()
        let plan = try #require(due.plans.first)
        #expect(plan.cause == .due)
        #expect(cause(scene.settle(plan, .success(Scene.tokens("next")), id: 2)) == .due)
    }

    @Test func `a try after a failure is a retry`() throws {
        var scene = Scene()
        let (_, first) = try scene.get()
        #expect(cause(scene.settle(try #require(first.plans.first), .failure(Scene.busyServer))) == .asked)
        _ = try scene.get()
        scene.pass(2)
        #expect(scene.due().plans.first?.cause == .retry)
    }

    @Test func `what is kept is fetched at the start, and anew when it ended unrenewed`() throws {
        var scene = Scene(
            Scene.configuration {
                $0.shared = true
                $0.keep = .always
            })
        let plan = try #require(scene.ledger.start(at: scene.now).plans.first)
        #expect(plan.cause == .start)
        _ = scene.settle(plan, .success(Scene.tokens(life: 3_600)))
        scene.pass(7_200)
        #expect(scene.due().plans.first?.cause == .expired)
    }
}
