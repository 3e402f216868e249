import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

@Suite struct CountersTests {
    @Test func `a repeat counts where the first one did`() {
        var decisions = DecisionCounters()
        let place = decisions.count(Sample.handOut())
        let other = decisions.count(Sample.handOut(Sample.other))
        for _ in 0..<1_000 { decisions.again(place) }
        #expect(place != other)
        #expect(decisions[.init(Sample.handOut())] == 1_001)
        #expect(decisions[.init(Sample.handOut(Sample.other))] == 1)
        #expect(decisions.byEvent.map(\.count) == [1_002])
    }

    @Test func `whoever asks, and whatever for, makes no more of them`() {
        var decisions = DecisionCounters()
        for uid in 0..<5_000 as Range<UInt32> {
            _ = decisions.count(Sample.denial(uid: uid, pid: Int32(uid)))
            var strange = Sample.denial(uid: uid)
            (strange.request, strange.reason, strange.comm) = ("x\(uid)", "y\(uid)", "z\(uid)")
            _ = decisions.count(strange)
            _ = decisions.count(Sample.handOut(id: Fingerprint(bits: UInt64(uid)), to: .uid(uid)))
        }
        #expect(decisions.all.count == 2)
        #expect(decisions.byEvent.map(\.count).sorted() == [5_000, 10_000])
    }

    @Test func `a duration belongs to the smallest bound that holds it`() {
        var histogram = Histogram([10, 100])
        for duration in [0, 10, 11, 100, 101, 5_000] as [Int64] { histogram.add(duration) }
        #expect(histogram.counts == [2, 2, 2])
        #expect(histogram.sum == 5_222)
    }

    @Test func `what the store was given is waited for until it reports`() {
        var store = StoreCounters()
        let name = Scene.sync
        store.began(StoreTask(id: 1, job: .withdraw(name)), at: 0)
        store.began(StoreTask(id: 2, job: .withdraw(name)), at: 0)
        #expect(store.waiting == 2)
        store.ended(StoreReport(id: 1, result: .success(())), at: 5_000_000)
        store.ended(StoreReport(id: 2, result: .failure(StoreFault("full", isFull: true))), at: 500_000_000)
        store.ended(StoreReport(id: 3, result: .success(())), at: 0)
        #expect((store.waiting, store.done, store.failed) == (0, 1, 1))
        #expect(store.durations.counts == [0, 1, 0, 1, 0, 0])
    }
}

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
