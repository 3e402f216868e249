import Glibc
import Secrets
import Synchronization
import Systemd
import TestSupport
import Testing
import Threads
import TokenAudit
import TokenConfiguration
import TokenLedger
import TokenWire

@testable import TokenDaemon

/// An audit log whose journal is at a path of our own and whose clock is turned by hand.
final class AuditBench {
    let folder: TemporaryFolder
    let loop: Loop
    let log: AuditLog
    private let hand: Hand
    var path: String { folder.path("journal") }

    private final class Hand { var now: Int64 = 0 }

    init(required: Bool = false) throws {
        let hand = Hand()
        self.hand = hand
        folder = try TemporaryFolder()
        loop = try Loop()
        let socket = try JournalSocket(path: folder.path("journal"))
        log = try AuditLog(loop: loop, sink: JournalSink(socket), required: required) { hand.now }
    }

    /// Lets time pass, and the timer with it.
    func pass(_ seconds: Int64) {
        for _ in 0..<seconds {
            hand.now += .seconds(1)
            log.wake()
        }
    }

    static func handOut(_ number: Int = 0) -> AuditEntry {
        AuditEntry(
            .handedOut, .ready, token: TokenName(application: "portal", token: "sync"), tokenID: Fingerprint(bits: UInt64(number)),
            consumer: .unit("erp-sync.service"), caller: Caller(uid: 995, gid: 995, pid: 812, unit: .unit("erp-sync.service")),
            comm: "erp-sync")
    }
}

@Suite struct AuditLogTests {
    private let bench: AuditBench
    private var log: AuditLog { bench.log }

    init() throws { bench = try AuditBench() }

    @Test func `LOG-04 a hand-out is in the journal at once and its repeats in a summary`() throws {
        let journald = try Journald(at: bench.path)
        let receipt = try #require(log.record(AuditBench.handOut()))
        let first = try #require(journald.read().first)
        #expect(first["TOKEND_EVENT"] == "handed-out")
        #expect(first["TOKEND_CONSUMER_PID"] == "812")
        #expect(first["TOKEND_COUNT"] == "1")
        #expect(first["MESSAGE_ID"] == AuditEvent.handedOut.messageID)
        for _ in 0..<1_203 { #expect(log.again(receipt.slot)) }
        bench.pass(9)
        #expect(journald.read().isEmpty)
        bench.pass(1)
        let summary = try #require(journald.read().first)
        #expect(summary["TOKEND_COUNT"] == "1203")
        #expect(
            summary["MESSAGE"]
                == "portal.sync handed out to erp-sync.service (uid 995), token 0000000000000000, 1,203 more times in 10 s")
    }

    @Test func `while there is no journal nothing is lost, and the gap is reported first`() throws {
        for number in 0..<600 { #expect(log.record(AuditBench.handOut(number)) != nil) }
        #expect(!log.canRecord)
        bench.pass(42)
        let journald = try Journald(at: bench.path)
        var entries: [[String: String]] = []
        for _ in 0..<800 {
            bench.pass(1)
            entries += journald.read()
        }
        #expect(entries.events.first == "audit-gap")
        #expect(entries.first?["TOKEND_HELD"] == "600")
        #expect(entries.first?["TOKEND_COUNT"] == nil)
        #expect(entries[1]["TOKEND_TOKEN_ID"] == "0000000000000000")
        #expect(entries[1]["TOKEND_SECONDS"].flatMap { Int($0) }.map { $0 >= 42 } == true)
        #expect(entries.decisions == 600)
        #expect(Set(entries.compactMap { $0["TOKEND_TOKEN_ID"] }).count == 600)
        #expect(log.canRecord)
    }

    @Test func `a journal that does not read blocks nobody and gets everything in its order`() throws {
        let journald = try Journald(at: bench.path)
        for number in 0..<300 { log.record(AuditBench.handOut(number)) }
        #expect(!log.canRecord)
        var entries: [[String: String]] = []
        for _ in 0..<200 where entries.count < 300 {
            entries += journald.read()
            bench.pass(1)
        }
        let ids = entries.filter { $0["TOKEND_EVENT"] == "handed-out" }.compactMap { $0["TOKEND_TOKEN_ID"] }
        #expect(ids == (0..<300).map { Fingerprint(bits: UInt64($0)).description })
        #expect(entries.decisions == 300)
    }

    @Test func `a journal that comes back is found again`() throws {
        var journald: Journald? = try Journald(at: bench.path)
        log.record(AuditBench.handOut(1))
        #expect(journald?.read().count == 1)
        journald = nil
        log.record(AuditBench.handOut(2))
        #expect(!log.canRecord)
        journald = try Journald(at: bench.path)
        bench.pass(1)
        log.record(AuditBench.handOut(3))
        let ids = (journald?.read() ?? []).compactMap { $0["TOKEND_TOKEN_ID"]?.suffix(1) }
        #expect(ids == ["2", "3"])
    }

    @Test func `repeats made while the journal is away are told when it is back`() throws {
        let journald = try Journald(at: bench.path)
        let receipt = try #require(log.record(AuditBench.handOut()))
        #expect(journald.read().decisions == 1)
        unlinkJournal()
        for _ in 0..<7 { #expect(log.again(receipt.slot)) }
        bench.pass(100)
        for _ in 0..<5 { #expect(log.again(receipt.slot)) }
        let back = try Journald(at: bench.path)
        bench.pass(700)
        #expect(back.read().decisions == 12)
    }

    private func unlinkJournal() { unlink(bench.path) }

    @Test func `failures are told before the recovery that ends them`() throws {
        let journald = try Journald(at: bench.path)
        let token = TokenName(application: "portal", token: "sync")
        for _ in 0..<3 { log.record(AuditEntry(.renewalFailed, .unsent, token: token, consumer: .uid(7), text: "no answer")) }
        bench.pass(1)
        log.record(AuditEntry(.recovered, token: token, consumer: .uid(7)))
        let entries = journald.read()
        #expect(entries.events == ["renewal-failed", "renewal-failed", "recovered"])
        #expect(entries.map { $0["TOKEND_COUNT"] } == ["1", "2", "1"])
    }

    @Test func `a note is told with its reason`() throws {
        let journald = try Journald(at: bench.path)
        log.note(.trouble, "cannot read '/etc/tokend/secrets/portal'", reason: "secret", priority: .error)
        let entry = try #require(journald.read().first)
        #expect(entry["MESSAGE"] == "cannot read '/etc/tokend/secrets/portal'")
        #expect(entry["PRIORITY"] == "3")
        #expect(entry["TOKEND_REASON"] == "secret")
    }

    @Test func `at the end everything is written, and what is not is named`() throws {
        var journald: Journald? = try Journald(at: bench.path)
        let receipt = try #require(log.record(AuditBench.handOut()))
        for _ in 0..<4 { #expect(log.again(receipt.slot)) }
        #expect(log.flush() == 0)
        #expect(journald?.read().decisions == 5)
        journald = nil
        log.record(AuditBench.handOut(1))
        log.record(AuditBench.handOut(1))
        #expect(log.flush() == 2)
    }

    @Test func `at the end the journal has time to make room for more than its queue holds`() throws {
        let journald = try Journald(at: bench.path)
        for number in 0..<2_000 { log.record(AuditBench.handOut(number)) }
        #expect(!log.canRecord)
        let (fd, read) = (journald.fd, try Latch())
        let decisions = Atomic(0)
        let reader = WorkThread(name: "reader")
        try reader.perform {
            let end = Clock.boottime() + 60_000_000_000
            while decisions.load(ordering: .relaxed) < 2_000, Clock.boottime() < end {
                let counts = (receive(from: fd) ?? "").split(separator: "\n").filter { $0.hasPrefix("TOKEND_COUNT=") }
                for count in counts { decisions.add(Int(count.dropFirst(13)) ?? 0, ordering: .relaxed) }
            }
            read.open()
        }
        #expect(log.flush(within: 60_000_000_000) == 0)
        #expect(read.wait(60_000_000_000))
        #expect(decisions.load(ordering: .relaxed) == 2_000)
    }

    @Test func `at the end it waits no longer than it was told`() throws {
        let journald = try Journald(at: bench.path)
        for number in 0..<2_000 { log.record(AuditBench.handOut(number)) }
        let began = Clock.boottime()
        let left = log.flush(within: 200_000_000)
        #expect((0.2...5).contains(Double(Clock.boottime() - began) / 1e9))
        #expect(Int(left) + journald.read().decisions == 2_000)
    }

    @Test func `a limit of journald's is told where entries go there`() throws {
        let journald = try Journald(at: bench.path)
        log.noteLimit(.unit("tokend.service", interval: 1_000_000, burst: 1_000_000))
        log.noteLimit(.unknown)
        #expect(journald.read().isEmpty)
        log.noteLimit(.unit("tokend.service", interval: 30_000_000, burst: 5))
        let entry = try #require(journald.read().first)
        #expect(entry["TOKEND_REASON"] == "audit-rate")
        #expect(entry["PRIORITY"] == "4")
    }

    @Test func `what was counted since the start is told whatever became of the entries`() throws {
        let receipt = try #require(log.record(AuditBench.handOut()))
        for _ in 0..<9 { #expect(log.again(receipt.slot)) }
        log.record(AuditEntry(.stopping))
        #expect(log.decisions[.init(AuditBench.handOut())] == 10)
        #expect(log.figures.waiting == 11)
        #expect(log.figures.notTaken == 1)
        let journald = try Journald(at: bench.path)
        bench.pass(700)
        #expect(journald.read().decisions == 11)
        #expect(log.figures.waiting == 0)
        #expect(log.decisions[.init(AuditBench.handOut())] == 10)
    }

    @Test func `auto is the journal when its socket exists`() throws {
        func isJournal(_ mode: LogMode) throws -> Bool { try AuditLog.sink(for: mode, journal: bench.path) is JournalSink }
        #expect(try LogMode.allCases.map(isJournal) == [false, true, false])
        let journald = try Journald(at: bench.path)
        #expect(try LogMode.allCases.map(isJournal) == [true, true, false])
        withExtendedLifetime(journald) {}
    }

    @Test func `the timer of the loop brings what waits`() throws {
        let socket = try JournalSocket(path: bench.path)
        let log = try AuditLog(loop: bench.loop, sink: JournalSink(socket), required: false, clock: Clock.boottime)
        log.record(AuditBench.handOut())
        #expect(!log.canRecord)
        let journald = try Journald(at: bench.path)
        #expect(try journald.waits(on: bench.loop))
        #expect(journald.read().decisions == 1)
        #expect(log.canRecord)
    }
}
