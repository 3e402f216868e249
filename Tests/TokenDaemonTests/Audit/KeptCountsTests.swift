import Secrets
import Systemd
import TestSupport
import Testing
import TokenAudit
import TokenLedger
import TokenStore
import TokenWire

@testable import TokenDaemon

/// A journal of our own that takes what it is given, or not.
private final class Sink: AuditSink {
    let isJournal = true
    var takes = true
    /// CLOCK_BOOTTIME, as far as the log knows.
    var now = Int64.seconds(100)
    private(set) var entries: [[String: String]] = []

    func take(_ fields: [(AuditField, String)]) -> Bool {
        if takes { entries.append(Dictionary(uniqueKeysWithValues: fields.map { ($0.0.rawValue, $0.1) })) }
        return takes
    }
}

/// Audit counts over the sudden death of the process: nothing is flushed, and the next one has only the memory.
@Suite struct KeptCountsTests {
    private let sink = Sink()
    private let loop: Loop
    private let memory: FDStoreMemory

    init() throws {
        loop = try Loop()
        memory = try FDStoreMemory("test")
    }

    private func log(_ leftovers: [KeptCounts.Leftover] = [], in memory: FDStoreMemory, required: Bool = false) throws -> AuditLog {
        let log = try AuditLog(loop: loop, sink: sink, required: required) { [sink] in sink.now }
        log.resume(leftovers, in: memory) { _ in true }
        return log
    }

    /// The next process.
    private func next(required: Bool = false) throws -> (AuditLog, FDStoreMemory) {
        let fresh = try FDStoreMemory("test")
        return (try log(KeptCounts.leftovers(in: memory), in: fresh, required: required), fresh)
    }

    @Test func `what was counted and not told is told by the next process, in the same words`() throws {
        let first = try log(in: memory)
        let receipt = try #require(first.record(AuditBench.handOut(5)))
        for _ in 0..<41 { #expect(first.again(receipt.slot)) }
        first.record(AuditBench.handOut(6))
        first.record(AuditBench.handOut(6))
        #expect(sink.entries.decisions == 2)
        _ = try next()
        #expect(sink.entries.decisions == 44)
        let summary = try #require(sink.entries.first { $0["TOKEND_COUNT"] == "41" })
        #expect(summary["TOKEND_EVENT"] == "handed-out")
        #expect(summary["TOKEND_CONSUMER"] == "erp-sync.service")
        #expect(summary["TOKEND_TOKEN_ID"] == "\(Fingerprint(bits: 5))")
        #expect(summary["TOKEND_CONSUMER_PID"] == nil)
    }

    @Test func `what the journal has is not told twice`() throws {
        let first = try log(in: memory)
        let receipt = try #require(first.record(AuditBench.handOut()))
        _ = first.again(receipt.slot)
        #expect(first.flush() == 0)
        #expect(KeptCounts.leftovers(in: memory).isEmpty)
    }

    @Test func `a journal that is away at both times has everything once it is back`() throws {
        sink.takes = false
        let first = try log(in: memory)
        for number in 0..<3 { first.record(AuditBench.handOut(number)) }
        let (second, _) = try next()
        second.record(AuditBench.handOut(1))
        sink.takes = true
        #expect(second.flush() == 0)
        #expect(sink.entries.decisions == 4)
    }

    @Test func `where the record is required, nothing refused is counted`() throws {
        let first = try log(in: memory, required: true)
        sink.takes = false
        #expect(first.record(AuditBench.handOut()) == nil)
        #expect(KeptCounts.leftovers(in: memory).isEmpty)
    }

    @Test func `what was left behind is told also where there is no memory for it again`() throws {
        sink.takes = false
        let first = try log(in: memory)
        for _ in 0..<3 { first.record(AuditBench.handOut()) }
        let second = try AuditLog(loop: loop, sink: sink, required: false) { [sink] in sink.now }
        second.resume(KeptCounts.leftovers(in: memory), in: try FDStoreMemory("test")) { _ in false }
        sink.takes = true
        #expect(second.flush() == 0)
        #expect(sink.entries.decisions == 3)
    }

    /// Cells are not sealed: whoever has the memory can write any number into them.
    @Test(
        arguments: [
            (count: 1, since: .min, length: 0), (1, .max, 0), (1, -(1 << 62), .max), (.max, 0, .max), (.max, .min, 1), (1 << 63, .max, 512),
        ] as [(count: UInt64, since: Int64, length: UInt32)])
    func `cells with any numbers are told, and the daemon starts`(_ cell: (count: UInt64, since: Int64, length: UInt32)) throws {
        let first = try log(in: memory)
        first.record(AuditBench.handOut())
        var bytes = withUnsafeBytes(of: cell.count) { Array($0) } + withUnsafeBytes(of: cell.since) { Array($0) }
        bytes += withUnsafeBytes(of: UInt32(7)) { Array($0) } + withUnsafeBytes(of: cell.length) { Array($0) }
        // every cell: their sum is more than 64 bits hold
        for place in 0..<KeptCounts.places { try memory.write(bytes, at: 4096 + place * 24) }
        for now in [0, Int64.seconds(100), Moment.bootTimes.upperBound] {
            sink.now = now
            let (second, fresh) = try next()
            for _ in 0..<3 { second.record(AuditBench.handOut()) }
            second.flush()
            #expect(KeptCounts.leftovers(in: fresh).isEmpty)
        }
        #expect(sink.entries.allSatisfy { ($0["TOKEND_COUNT"].flatMap { Int64($0) } ?? 1) >= 1 })
    }

    @Test func `memory of any size is read`() throws {
        for size in [1, 12, 4096, 4097, Int.max - 4095] {
            let strange = try FDStoreMemory("test")
            // the size is set before there turns out to be no room to map so much
            _ = try? strange.map(size)
            try strange.write(Array("tokendct".utf8) + [0, 0, 0, 1], at: 0)
            #expect(KeptCounts.leftovers(in: strange).isEmpty)
            #expect(strange.size <= 1 << 40)
        }
    }

    @Test func `memory of another version is not read`() throws {
        let first = try log(in: memory)
        for _ in 0..<3 { first.record(AuditBench.handOut()) }
        try memory.write([2], at: 11)
        #expect(KeptCounts.leftovers(in: memory).isEmpty)
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>) func `at every moment the journal and the memory have each decision once`(_ seed: UInt64) throws {
        var random = SeededRandom(seed)
        let first = try log(in: memory)
        var decisions = 0
        var slots: [AuditSlot] = []
        for _ in 0..<400 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<50:
                if let slot = slots.randomElement(using: &random), first.again(slot) { decisions += 1 }
            case 50..<90:
                // where the record is required and cannot be made, nothing is decided
                guard let receipt = first.record(AuditBench.handOut(Int.random(in: 0..<8, using: &random))) else { continue }
                slots.append(receipt.slot)
                decisions += 1
            case 90..<96: sink.takes.toggle()
            case 96..<98:
                // to a retry, to a summary or past both
                sink.now += .seconds([1, 10, 100].randomElement(using: &random)!)
                first.wake()
            case 98: first.isRequired.toggle()
            default: first.flush()
            }
        }
        let inMemory = KeptCounts.leftovers(in: memory).reduce(0) { $0 + Int($1.count) }
        #expect(sink.entries.decisions + inMemory == decisions)
        sink.takes = true
        sink.now += .seconds(10)
        let (second, fresh) = try next()
        second.flush()
        #expect(sink.entries.decisions == decisions)
        #expect(KeptCounts.leftovers(in: fresh).isEmpty)
    }

    @Test func `it takes memory for what is counted, and gives it back`() throws {
        let first = try log(in: memory)
        let before = memory.allocatedSize
        #expect(before <= 3 * 4096)
        for number in 0..<1_000 { first.record(AuditBench.handOut(number)) }
        #expect(memory.allocatedSize > 400_000)
        first.flush()
        first.wake()
        #expect(memory.allocatedSize <= 50_000)
    }
}
