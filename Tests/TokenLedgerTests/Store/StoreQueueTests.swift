import Secrets
import Testing
import TokenWire
@testable import TokenLedger

@Suite struct StoreQueueTests {
    private static let token = TokenName("portal.user")!
    private static let caller = Caller(uid: 1000, gid: 1000)
    private var queue = StoreQueue()

    private static func record(_ generation: UInt64) -> StoredRecord {
        StoredRecord(
            name: token, kind: .refresh, binding: RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code"),
            generation: generation, grant: 1, secret: Secret("refresh-\(generation)"), signedIn: 0, rotated: 0)
    }

    private static func importing(_ generation: UInt64) -> StoreWork {
        StoreWork(job: .replace(record(generation)), step: .importing(waiter: generation, record(generation), caller: caller))
    }

    private static let tidy = StoreWork(job: .withdraw(token), step: .tidy(token))

    @Test mutating func `a job is reported once, and nothing is left of it`() {
        let task = queue.begin(1, Self.tidy)
        let (ended, again) = (queue.end(1), queue.end(1))
        #expect(task.id == 1 && ended != nil && again == nil)
        #expect(queue.steps.isEmpty && !queue.isAwaited && queue.check(isStopping: false).isEmpty)
    }

    @Test mutating func `a sign-in is being replaced from its job's beginning to its end`() {
        #expect(!queue.isReplacing(Self.token))
        _ = queue.begin(1, Self.importing(1))
        _ = queue.begin(2, Self.importing(2))
        #expect(queue.replacementCount(Self.token) == 2 && !queue.isUncertain(Self.token))
        _ = queue.end(2)
        #expect(queue.isReplacing(Self.token) && queue.check(isStopping: false).isEmpty)
        _ = queue.end(1)
        #expect(!queue.isReplacing(Self.token) && queue.check(isStopping: false).isEmpty)
    }

    @Test mutating func `a replacement that was refused half-way is uncertain until it is written again and reported`() throws {
        var work = Self.importing(1)
        work.failures = 1
        queue.putOff(7, work, to: 30)
        #expect(queue.isReplacing(Self.token) && queue.isUncertain(Self.token) && queue.nextDeadline == 30 && queue.unwritten == [7])
        let due = queue.due(at: 30)
        #expect(due == [7] && queue.check(isStopping: false).count == 1, "nothing writes it")
        let (again, none) = (queue.takeUncertain(7), queue.takeUncertain(7))
        #expect(!queue.isReplacing(Self.token) && none == nil)
        _ = queue.begin(8, try #require(again))
        #expect(queue.isUncertain(Self.token) && queue.check(isStopping: false).isEmpty)
        let ended = queue.end(8)
        #expect(ended?.failures == 1 && !queue.isUncertain(Self.token) && queue.check(isStopping: false).isEmpty)
    }

    @Test mutating func `what a newer record has overtaken is taken, and nothing newer`() {
        for generation in 1...3 as ClosedRange<UInt64> { queue.putOff(generation, Self.importing(generation), to: 30) }
        var taken: [UInt64] = []
        while let work = queue.takeOvertaken(Self.token, by: 3) { taken.append(work.job.generation) }
        #expect(Set(taken) == [1, 2] && queue.unwritten == [3] && queue.check(isStopping: false).isEmpty)
    }

    @Test mutating func `a record in memory alone is written before the end, and told when it is lost`() {
        queue.keepInMemory(4, Self.record(4))
        #expect(queue.memoryOnlyRecord(4) == Self.record(4) && queue.isAwaited && queue.atRisk == [AtRisk(token: Self.token, act: .refresh)])
        #expect(queue.check(isStopping: false).count == 1 && queue.check(isStopping: true).isEmpty)
        _ = queue.begin(5, StoreWork(job: .replace(Self.record(4)), step: .late(4)))
        #expect(queue.check(isStopping: false).isEmpty)
        queue.endMemoryOnly(4)
        _ = queue.end(5)
        #expect(!queue.isAwaited && queue.atRisk.isEmpty && queue.unwritten.isEmpty)
    }

    @Test mutating func `the intent of an exchange that is over hangs until it is reported`() {
        let intent = Intent(grant: 1, generation: 1, attempt: 1, token: Fingerprint(bits: 1), sent: 0)
        _ = queue.begin(1, StoreWork(job: .prepare(Self.token, intent), step: .intent(exchange: 9, Self.token)))
        #expect(queue.hasIntent { $0 == 9 } && !queue.hasIntent { $0 == 8 } && !queue.isAwaited)
        _ = queue.end(1)
        #expect(!queue.hasIntent { _ in true })
    }
}
