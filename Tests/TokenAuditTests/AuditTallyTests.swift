import Secrets
import Testing
import TokenLedger
import TokenWire

@testable import TokenAudit

@Suite struct AuditTallyTests {
    private var tally = AuditTally()

    private func counts(_ summaries: [AuditSummary]) -> [UInt64] { summaries.map(\.count) }

    @Test mutating func `LOG-04 the first decision is told at once, repeats after ten seconds`() {
        let (slot, first, _) = tally.record(Sample.handOut(), now: 0)
        #expect(first == Sample.handOut())
        for _ in 0..<5 { #expect(tally.again(slot) == true) }
        let (same, repeated, _) = tally.record(Sample.handOut(), now: .seconds(3))
        #expect(repeated == nil)
        #expect(same == slot)
        #expect(tally.due(now: .seconds(10) - 1).isEmpty == true)
        let due = tally.due(now: .seconds(10))
        #expect(counts(due) == [6])
        #expect(due.first?.seconds == 10)
        #expect(due.first?.isFirst == false)
    }

    @Test mutating func `units of one user that are refused are told apart`() {
        let first = Sample.denial(of: Sample.sync)
        var second = first
        second.caller?.unit = .unit("nightly.service")
        #expect(tally.record(first, now: 0).first == first)
        #expect(tally.record(second, now: 0).first == second)
        #expect(tally.record(first, now: 1).first == nil)
        #expect(tally.record(second, now: 1).first == nil)
        #expect(tally.drain(now: 2).map(\.entry.unit) == ["cron.service", "nightly.service"])
    }

    @Test mutating func `a unit that is refused again for another reason is told at once`() {
        var first = Sample.denial(of: Sample.sync)
        first.request = AuditEntry.loadCredential
        first.text = "no entry is for it"
        var second = first
        second.text = "there is no such token"
        #expect(tally.record(first, now: 0).first == first)
        #expect(tally.record(second, now: 1).first == second)
        #expect(tally.record(first, now: 2).first == nil)
    }

    @Test(arguments: [
        AuditEntry(.configurationRefused, .badConfig), AuditEntry(.configurationLoaded, .allowed),
        AuditEntry(.trouble, reason: AuditEntry.configuration),
    ])
    func `each sentence about the configuration is told at once, and only the same one is a repeat`(entry: AuditEntry) {
        var tally = AuditTally()
        var (first, second) = (entry, entry)
        (first.text, second.text) = ("portal.toml:3: one thing", "portal.toml:4: another")
        #expect(tally.record(first, now: 0).first == first)
        #expect(tally.record(second, now: 0).first == second)
        #expect(tally.record(first, now: 1).first == nil)
        #expect(tally.drain(now: 2).map(\.entry.text) == [first.text])
    }

    @Test mutating func `a busy key is told at growing intervals of up to ten minutes`() {
        let (slot, _, _) = tally.record(Sample.handOut(), now: 0)
        var told: [Int64] = []
        for second in 1...Int64(3_000) {
            #expect(tally.again(slot) == true)
            for summary in tally.due(now: .seconds(second)) { told.append(summary.seconds) }
        }
        #expect(told == [10, 20, 40, 80, 160, 320, 600, 600, 600])
    }

    @Test mutating func `a key that fell quiet is dropped, and its next decision is a first one`() {
        let (slot, _, _) = tally.record(Sample.handOut(), now: 0)
        #expect(tally.due(now: .seconds(10)).isEmpty == true)
        #expect(tally.again(slot) == true)
        #expect(counts(tally.due(now: .seconds(60))) == [1])
        #expect(tally.due(now: .seconds(200)).isEmpty == true)
        #expect(tally.again(slot) == false)
        #expect(tally.nextDeadline == nil)
        #expect(tally.record(Sample.handOut(), now: .seconds(201)).first != nil)
    }

    @Test mutating func `a slot of a dropped key does not fit the key that took its place`() {
        let (old, _, _) = tally.record(Sample.handOut(), now: 0)
        _ = tally.due(now: .seconds(10))
        _ = tally.due(now: .seconds(60))
        let (new, _, _) = tally.record(Sample.denial(), now: .seconds(61))
        #expect(old.place == new.place)
        #expect(tally.again(old) == false)
        #expect(tally.again(new) == true)
    }

    @Test mutating func `deadlines are whole seconds`() {
        _ = tally.record(Sample.handOut(), now: 123_456_789)
        #expect(tally.nextDeadline == .seconds(11))
    }

    static let distinct: [AuditEntry] = [
        Sample.handOut(), Sample.handOut(Sample.other), Sample.handOut(id: Sample.successor), Sample.handOut(to: .uid(995)),
        Sample.handOut(to: .shared), Sample.handOut(to: .shared, by: Sample.stranger),
        Sample.handOut(to: .shared, by: Caller(uid: 995, gid: 995, unit: .unit("other.service"))), Sample.denial(), Sample.denial(uid: 1001),
        Sample.denial(of: Sample.sync), Sample.failure(), AuditEntry(.trouble, reason: "store"),
        AuditEntry(.trouble, reason: "clock"),
        AuditMessageTests.with(Sample.denial()) { $0.request = "RELOAD" },
        AuditMessageTests.with(Sample.denial()) { $0.decision = .busy },
    ]

    @Test mutating func `decisions that differ in what matters are told apart`() {
        for entry in Self.distinct { #expect(tally.record(entry, now: 0).first != nil) }
        for entry in Self.distinct { #expect(tally.record(entry, now: 1).first == nil) }
    }

    @Test mutating func `decisions that differ in the process alone are one`() {
        _ = tally.record(Sample.denial(pid: 1), now: 0)
        var other = Sample.denial(pid: 2)
        other.comm = "bash"
        #expect(tally.record(other, now: 0).first == nil)
    }

    @Test mutating func `the summary of a failure tells the latest`() {
        _ = tally.record(Sample.failure("the token endpoint answered 503"), now: 0)
        _ = tally.record(Sample.failure("the token endpoint answered 500"), now: .seconds(2))
        #expect(tally.due(now: .seconds(10)).first?.entry.text == "the token endpoint answered 500")
    }

    @Test mutating func `summaries come in the order of their latest decisions`() {
        for entry in [Sample.failure(), Sample.handOut(), Sample.denial()] { _ = tally.record(entry, now: 0) }
        for (moment, entry) in [Sample.denial(), Sample.failure(), Sample.handOut()].enumerated() {
            _ = tally.record(entry, now: .seconds(moment + 1))
        }
        #expect(tally.due(now: .seconds(10)).map(\.entry.event) == [.refused, .renewalFailed, .handedOut])
    }

    @Test mutating func `failures are told before the recovery that ends them`() {
        for _ in 0..<3 { _ = tally.record(Sample.failure(), now: 0) }
        let recovery = AuditEntry(.recovered, token: Sample.sync, consumer: .unit("erp-sync.service"))
        let other = AuditEntry(.recovered, token: Sample.other, consumer: .unit("erp-sync.service"))
        #expect(tally.ended(by: other, now: .seconds(1)).isEmpty == true)
        #expect(tally.ended(by: Sample.handOut(), now: .seconds(1)).isEmpty == true)
        #expect(counts(tally.ended(by: recovery, now: .seconds(1))) == [2])
        #expect(tally.pending == 0)
    }

    @Test mutating func `the end of one trouble does not tell of another`() {
        for reason in ["store", "clock"] { for _ in 0..<2 { _ = tally.record(AuditEntry(.trouble, reason: reason), now: 0) } }
        let ended = tally.ended(by: AuditEntry(.troubleEnded, reason: "clock"), now: 1)
        #expect(ended.map(\.entry.reason) == ["clock"])
    }

    @Test mutating func `a sign-in ends the need for one, and room a limit, whoever it was`() {
        let alice = Caller(uid: 1000, gid: 1000, pid: 7)
        let needed = AuditEntry(.loginRequired, .loginRequired, token: Sample.sync, reason: "refresh-refused")
        let limit = AuditEntry(.limitReached, .busy, caller: alice, reason: "connections")
        for entry in [needed, limit] { for _ in 0..<2 { _ = tally.record(entry, now: 0) } }
        let signedIn = AuditEntry(.signedIn, .allowed, token: Sample.sync, consumer: .uid(1000), caller: alice)
        #expect(tally.ended(by: signedIn, now: 1).map(\.entry.event) == [.loginRequired])
        #expect(tally.ended(by: AuditEntry(.limitCleared, reason: "descriptors"), now: 1).isEmpty == true)
        #expect(tally.ended(by: AuditEntry(.limitCleared, reason: "connections"), now: 1).map(\.entry.event) == [.limitReached])
    }

    @Test mutating func `what could not be written is told with the next summary, as a first one if it was`() throws {
        let (slot, first, _) = tally.record(Sample.handOut(), now: 0)
        #expect(tally.again(slot) == true)
        tally.notWritten(AuditSummary(first: try #require(first), in: slot), now: 0)
        let due = try #require(tally.due(now: .seconds(10)).first)
        #expect(due.count == 2)
        #expect(due.isFirst)
        #expect(due.entry.caller?.pid == 812)
        tally.notWritten(due, now: .seconds(10))
        #expect(tally.pending == 2)
        // the journal has still not heard of it, so the next one is to be written at once
        #expect(tally.isNew(Sample.handOut()))
        #expect(tally.record(Sample.handOut(), now: .seconds(11)).first != nil)
        #expect(!tally.isNew(Sample.handOut()))
    }

    @Test mutating func `what could not be written waits even when its key was dropped since`() throws {
        let (slot, first, _) = tally.record(Sample.handOut(), now: 0)
        _ = tally.due(now: .seconds(10))
        _ = tally.due(now: .seconds(60))
        #expect(tally.again(slot) == false)
        tally.notWritten(AuditSummary(first: try #require(first), in: slot), now: .seconds(61))
        #expect(counts(tally.drain(now: .seconds(62))) == [1])
    }

    @Test mutating func `a decision taken back was never counted`() {
        let (slot, _, _) = tally.record(Sample.handOut(), now: 0)
        tally.withdraw(slot)
        #expect(tally.again(slot) == false)
        #expect(tally.isNew(Sample.handOut()))
        #expect(tally.drain(now: 1).isEmpty == true)
    }

    @Test mutating func `slots given up are counted where they were`() {
        let (slot, _, _) = tally.record(Sample.handOut(), now: 0)
        #expect(tally.again(slot) == true)
        tally.disown()
        #expect(tally.again(slot) == false)
        #expect(tally.record(Sample.handOut(), now: 1).first == nil)
        #expect(counts(tally.drain(now: 2)) == [2])
    }

    @Test mutating func `draining gives up everything`() {
        let (slot, _, _) = tally.record(Sample.handOut(), now: 0)
        #expect(tally.again(slot) == true)
        #expect(counts(tally.drain(now: 1)) == [1])
        #expect(tally.again(slot) == false)
        #expect(tally.drain(now: 2).isEmpty == true)
    }
}
