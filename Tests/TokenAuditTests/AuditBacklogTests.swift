import Testing
import TokenLedger

@testable import TokenAudit

@Suite struct AuditBacklogTests {
    private var backlog = AuditBacklog()

    private func summary(_ entry: AuditEntry = Sample.handOut()) -> AuditSummary {
        AuditSummary(first: entry, in: AuditSlot(place: 0, generation: 0))
    }

    @Test mutating func `first entries wait in their order and say how late they are`() throws {
        #expect(backlog.isClear)
        #expect(backlog.hold(summary(Sample.handOut()), now: 0) == true)
        #expect(backlog.hold(summary(Sample.denial()), now: .seconds(2)) == true)
        #expect(!backlog.isClear)
        backlog.reported()
        let first = try #require(backlog.next(now: .seconds(42)))
        #expect((first.entry.event, first.seconds) == (.handedOut, 42))
        backlog.taken()
        let second = try #require(backlog.next(now: .seconds(42)))
        #expect((second.entry.event, second.seconds) == (.refused, 40))
        backlog.taken()
        #expect(backlog.next(now: .seconds(42)) == nil)
        #expect(backlog.isClear)
    }

    @Test mutating func `a full backlog and a summary go back to where they are counted`() {
        for _ in 0..<AuditBacklog.most { #expect(backlog.hold(summary(), now: 0) == true) }
        #expect(backlog.hold(summary(), now: 0) == false)
        #expect(backlog.empty().count == AuditBacklog.most)
        var repeats = summary()
        repeats.isFirst = false
        #expect(backlog.hold(repeats, now: 0) == false)
    }

    @Test mutating func `a backlog that is taken as slowly as it fills stays small`() {
        for _ in 0..<AuditBacklog.most { #expect(backlog.hold(summary(), now: 0) == true) }
        for _ in 0..<10_000 {
            backlog.taken()
            #expect(backlog.hold(summary(), now: 0) == true)
            #expect(backlog.hold(summary(), now: 0) == false)
        }
        #expect(backlog.waiting.count <= 2 * AuditBacklog.most + 1)
        #expect(backlog.empty().count == AuditBacklog.most)
    }

    @Test mutating func `it is tried again after a fiftieth of a second, then less and less often`() throws {
        var moments: [Int64] = []
        var now: Int64 = 0
        backlog.failed(now: now)
        for _ in 0..<11 {
            now = try #require(backlog.retryAt)
            moments.append(now / 1_000_000)
            backlog.failed(now: now)
        }
        #expect(moments == [20, 60, 140, 300, 620, 1_260, 2_540, 5_100, 10_100, 15_100, 20_100])
    }

    @Test mutating func `failures before the next try do not put it off`() {
        backlog.failed(now: 0)
        for moment in 1...100 { backlog.failed(now: Int64(moment)) }
        #expect(backlog.retryAt == .seconds(1) / 50)
    }

    @Test mutating func `the report says how long and how much`() throws {
        #expect(backlog.report(now: 0) == nil)
        _ = backlog.hold(summary(), now: .seconds(1))
        var repeats = summary()
        (repeats.isFirst, repeats.count) = (false, 1_203)
        _ = backlog.hold(repeats, now: .seconds(2))
        let report = try #require(backlog.report(now: .seconds(43)))
        #expect(
            auditMessage(report)
                == "no audit entry was taken for 42 s; what was held back follows, by itself or counted in summaries (1,204)")
        let fields = auditFields(report)
        #expect(fields[.held] == "1204")
        #expect(fields[.count] == nil)
        #expect(fields[.priority] == "4")
        backlog.reported()
        #expect(backlog.report(now: .seconds(44)) == nil)
        #expect(backlog.retryAt == nil)
    }

    @Test mutating func `a gap of less than a second and one that held nothing back are not reported`() {
        _ = backlog.hold(summary(), now: 0)
        #expect(backlog.report(now: .seconds(1) - 1) == nil)
        #expect(backlog.report(now: .seconds(1)) != nil)
        backlog.caughtUp()
        backlog.failed(now: .seconds(2))
        #expect(backlog.report(now: .seconds(9)) == nil)
    }

    @Test mutating func `a journal that takes some is asked again soon`() throws {
        for _ in 0..<3 { #expect(backlog.hold(summary(), now: 0) == true) }
        for moment in 1...8 { backlog.failed(now: .seconds(moment * 10)) }
        #expect(try #require(backlog.retryAt) > .seconds(82))
        backlog.taken()
        backlog.failed(now: .seconds(90))
        #expect(backlog.retryAt == .seconds(90) + .seconds(1) / 50)
        #expect(backlog.pending == 2)
    }
}
