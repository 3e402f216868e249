import Secrets
import Testing
import TestSupport
import TokenLedger
import TokenWire

@testable import TokenAudit

/// A tally under random use, and a journal that takes what it is told only sometimes.
private struct Weather {
    var dice: SeededRandom
    var tally = AuditTally()
    var now: Int64 = 0
    var decided: UInt64 = 0
    var written: UInt64 = 0
    /// handed out, neither written nor come back yet
    var underway: [AuditSummary] = []
    var slots: [AuditSlot] = []

    init(seed: UInt64) { dice = SeededRandom(seed) }

    mutating func step(kinds: UInt64) {
        now += Int64.random(in: 0...3_000_000_000, using: &dice)
        switch Int.random(in: 0..<20, using: &dice) {
        case 0..<8: record(entry(kinds))
        case 8..<14: again()
        case 14..<16: underway += tally.due(now: now)
        case 16: underway += tally.ended(by: AuditEntry(.recovered, token: Sample.sync), now: now)
        case 17: tally.disown()
        case 18 where Bool.random(using: &dice): underway += tally.drain(now: now)
        default: settle()
        }
    }

    private mutating func entry(_ kinds: UInt64) -> AuditEntry {
        let number = UInt64.random(in: 0..<kinds, using: &dice)
        var entry = kind(number)
        entry.share = Self.shares[Int(number % UInt64(Self.shares.count))]
        return entry
    }

    private static let shares: [Share?] = [
        nil, Share(.strangers, .uid(1)), Share(.strangers, .uid(2)), Share(.group(20), .uid(3)), Share(.group(20), .uid(4)), Share(.user(5), .uid(5)),
        Share(.root, .uid(0)),
    ]

    private func kind(_ number: UInt64) -> AuditEntry {
        switch number % 4 {
        case 0: Sample.handOut(id: Fingerprint(bits: number))
        case 1: Sample.denial(uid: UInt32(number))
        case 2: AuditEntry(.renewalFailed, .unsent, token: Sample.sync, reason: "\(number)")
        default: AuditEntry(.trouble, reason: "\(number)")
        }
    }

    private mutating func record(_ entry: AuditEntry) {
        let isNew = tally.isNew(entry)
        let (slot, first, before) = tally.record(entry, now: now)
        #expect((first != nil) == isNew)
        slots.append(slot)
        underway += before
        if let first, Int.random(in: 0..<10, using: &dice) == 0, first.event == .handedOut { return tally.withdraw(slot) }
        decided += 1
        if let first { underway.append(AuditSummary(first: first, in: slot)) }
    }

    private mutating func again() {
        guard let slot = slots.randomElement(using: &dice), tally.again(slot) else { return }
        decided += 1
    }

    /// The journal answers for some of what was handed out, in any order.
    private mutating func settle() {
        underway.shuffle(using: &dice)
        for summary in underway.suffix(Int.random(in: 0...4, using: &dice)) {
            underway.removeLast()
            if Bool.random(using: &dice) { written += summary.count } else { tally.notWritten(summary, now: now) }
        }
    }

    var known: UInt64 { written + underway.reduce(0) { $0 + $1.count } + tally.pending }

    var isScheduled: Bool {
        guard tally.places.isEmpty else { return tally.nextDeadline != nil }
        return tally.pending == 0
    }
}

@Suite struct AuditTallyPropertyTests {
    @Test(arguments: 1...30) func `the counts always add up to the number of decisions`(_ seed: Int) {
        var weather = Weather(seed: UInt64(seed))
        let kinds: UInt64 = [3, 40, 20_000][seed % 3]
        for _ in 0..<50 {
            for _ in 0..<50 { weather.step(kinds: kinds) }
            #expect(weather.known == weather.decided)
            #expect(weather.isScheduled)
        }
        let rest = weather.tally.drain(now: weather.now).reduce(0) { $0 + $1.count }
        #expect(weather.written + weather.underway.reduce(0) { $0 + $1.count } + rest == weather.decided)
    }

    @Test(arguments: 1...5) func `nothing that is counted waits much longer than ten minutes`(_ seed: Int) {
        var dice = SeededRandom(UInt64(seed))
        var tally = AuditTally()
        var now: Int64 = 0
        var waiting: [Fingerprint?: Int64] = [:]
        for _ in 0..<1_500 {
            now += Int64.random(in: 0...2_000_000_000, using: &dice)
            let id = Fingerprint(bits: UInt64.random(in: 0..<6, using: &dice))
            if tally.record(Sample.handOut(id: id), now: now).first == nil, waiting[id] == nil { waiting[id] = now }
            for summary in tally.due(now: now) { waiting[summary.entry.tokenID] = nil }
            let longest = waiting.values.map { now - $0 }.max() ?? 0
            #expect(longest <= .seconds(603))
        }
    }
}
