import OAuth
import Secrets
import Testing
import TokenWire

import TokenLedger

@testable import TokenAudit

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
        store.began(StoreTask(id: 1, job: .withdraw(LedgerFixture.sync)), at: 0)
        store.began(StoreTask(id: 2, job: .withdraw(LedgerFixture.sync)), at: 0)
        #expect(store.waiting == 2)
        store.ended(StoreReport(id: 1, result: .success(())), at: 5_000_000)
        store.ended(StoreReport(id: 2, result: .failure(StoreFault("full", isFull: true))), at: 500_000_000)
        store.ended(StoreReport(id: 3, result: .success(())), at: 0)
        #expect((store.waiting, store.done, store.failed) == (0, 1, 1))
        #expect(store.durations.counts == [0, 1, 0, 1, 0, 0])
    }

    @Test func `decisions about a token that is gone are counted on in the sums alone`() {
        var decisions = DecisionCounters()
        for number in 0..<1_000 {
            let token = TokenName("app\(number).sync")!
            decisions.again(decisions.count(AuditEntry(.handedOut, .ready, token: token)))
            decisions.forget { $0 != token }
            #expect(decisions.all.count == 1)
        }
        #expect(decisions.byEvent.map(\.count) == [2_000])
        let place = decisions.count(AuditEntry(.handedOut, .ready, token: TokenName("app999.sync")))
        decisions.again(place)
        #expect(decisions.all.map(\.count) == [4])
    }

    @Test func `exchanges are counted for configured applications alone`() {
        var exchanges = ExchangeCounters()
        for number in 0..<1_000 {
            let application = LedgerFixture.application("app\(number)")
            let plan = ExchangePlan(
                id: UInt64(number), token: TokenName("app\(number).sync")!, application: application, grant: .clientCredentials(scopes: [], audience: nil),
                timeout: 30, cause: .asked)
            exchanges.began(plan)
            exchanges.ended(ExchangeReport(plan: plan.id, outcome: .success(LedgerFixture.tokens()), sent: Moment(boot: 0, wall: 0), id: nil, took: 1))
            exchanges.keepOnly(["app\(number)"])
        }
        #expect(exchanges.byApplication.map(\.name) == ["app999"])
    }
}
