import Testing
import TokenAudit
import TokenLedger

@testable import TokenDaemon

@Suite struct AuditRequiredTests {
    private let bench: AuditBench
    private var log: AuditLog { bench.log }

    init() throws { bench = try AuditBench(required: true) }

    @Test func `what cannot be recorded is not handed out, and not counted`() throws {
        #expect(log.record(AuditBench.handOut()) == nil)
        #expect(log.record(AuditBench.handOut()) == nil)
        let journald = try Journald(at: bench.path)
        bench.pass(700)
        #expect(journald.read().decisions == 0)
        #expect(log.flush() == 0)
    }

    @Test func `the refusal that follows is told when the journal is back`() throws {
        #expect(log.record(AuditBench.handOut()) == nil)
        var refusal = AuditBench.handOut()
        (refusal.event, refusal.decision, refusal.reason) = (.refused, .unavailable, "audit")
        #expect(log.record(refusal) != nil)
        #expect(log.record(refusal) != nil)
        bench.pass(30)
        let journald = try Journald(at: bench.path)
        bench.pass(700)
        let entries = journald.read()
        #expect(entries.events.first == "audit-gap")
        #expect(Set(entries.events.dropFirst()) == ["refused"])
        #expect(entries.decisions == 2)
    }

    @Test func `as soon as the journal is back the next one is handed out`() throws {
        #expect(log.record(AuditBench.handOut(1)) == nil)
        let journald = try Journald(at: bench.path)
        #expect(log.record(AuditBench.handOut(2)) != nil)
        #expect(journald.read().decisions == 1)
    }

    @Test func `a key that the journal knows is handed out without it`() throws {
        var journald: Journald? = try Journald(at: bench.path)
        let receipt = try #require(log.record(AuditBench.handOut()))
        #expect(journald?.read().decisions == 1)
        journald = nil
        #expect(log.again(receipt.slot))
        #expect(log.record(AuditBench.handOut()) != nil)
        #expect(log.record(AuditBench.handOut(2)) == nil)
    }

    @Test func `what waited before it became required does not count as recorded`() throws {
        log.isRequired = false
        let receipt = try #require(log.record(AuditBench.handOut()))
        log.isRequired = true
        #expect(!log.again(receipt.slot))
        #expect(log.record(AuditBench.handOut()) == nil)
        let journald = try Journald(at: bench.path)
        #expect(log.record(AuditBench.handOut()) != nil)
        bench.pass(700)
        #expect(journald.read().decisions == 2)
    }
}
