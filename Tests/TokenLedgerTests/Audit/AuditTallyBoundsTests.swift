import Secrets
import Testing
import TokenWire

@testable import TokenLedger

@Suite struct AuditTallyBoundsTests {
    private var tally = AuditTally()

    /// Fills all keys with hand-outs of one unit.
    private mutating func fill() {
        for number in 0..<AuditTally.mostKeys {
            #expect(tally.record(Sample.handOut(id: Fingerprint(bits: UInt64(number))), now: 0).first != nil)
        }
    }

    @Test mutating func `beyond the most keys decisions are counted by user`() throws {
        fill()
        let (slot, first) = tally.record(Sample.handOut(id: Fingerprint(bits: 1 << 40)), now: 0)
        #expect(first?.event == .handedOut)
        let (same, second) = tally.record(Sample.handOut(id: Fingerprint(bits: 1 << 41)), now: 0)
        #expect(same == slot)
        #expect(second == nil)
        #expect(tally.again(slot) == true)
        let other = try #require(tally.due(now: .seconds(10)).first { $0.entry.event == .others })
        #expect(other.count == 2)
        #expect(other.entry.uid == 995)
    }

    @Test mutating func `a slot for others is given up with its summary, so that its holder finds a key of its own again`() {
        fill()
        let (slot, _) = tally.record(Sample.handOut(id: Fingerprint(bits: 1 << 40)), now: 0)
        _ = tally.due(now: .seconds(10))
        #expect(tally.again(slot) == false)
        _ = tally.due(now: .seconds(60))
        let (mine, first) = tally.record(Sample.handOut(id: Fingerprint(bits: 1 << 40)), now: .seconds(61))
        #expect(first != nil)
        #expect(tally.again(mine) == true)
        #expect(tally.due(now: .seconds(71)).map(\.entry.event) == [.handedOut])
    }

    @Test mutating func `the room of many goes back when all are quiet, and no slot of theirs fits afterwards`() {
        fill()
        let (slot, _) = tally.record(Sample.handOut(id: Fingerprint(bits: 1)), now: 0)
        _ = tally.due(now: .seconds(10))
        for second in stride(from: Int64(20), through: 200, by: 10) { _ = tally.due(now: .seconds(second)) }
        #expect(tally.rows.isEmpty)
        #expect(tally.nextDeadline == nil)
        for number in 0..<AuditTally.mostKeys { _ = tally.record(Sample.handOut(id: Fingerprint(bits: UInt64(number))), now: .seconds(201)) }
        #expect(tally.again(slot) == false)
    }

    @Test mutating func `strangers cannot crowd out the consumers`() {
        for uid in 0..<UInt32(10_000) { _ = tally.record(Sample.denial(uid: uid), now: 0) }
        #expect(tally.strangers == AuditTally.mostStrangersKeys)
        _ = tally.record(Sample.handOut(), now: 1)
        #expect(tally.record(Sample.handOut(), now: 1).first == nil)
        #expect(tally.drain(now: 2).contains { $0.entry.event == .handedOut })
    }

    @Test mutating func `the users counted as a whole are bounded too`() {
        let most = AuditTally.mostStrangersKeys + AuditTally.mostOthers
        for uid in 0..<UInt32(10_000) { _ = tally.record(Sample.denial(uid: uid), now: 0) }
        #expect(tally.rows.count == most + 1)
        let told = tally.drain(now: 1)
        #expect(told.reduce(0) { $0 + $1.count } == UInt64(10_000 - most - 1))
        #expect(told.map(\.entry.reason) == ["everyone"])
    }

    @Test mutating func `everything that was opened is closed again`() {
        for uid in 0..<UInt32(10_000) { _ = tally.record(Sample.denial(uid: uid), now: 0) }
        _ = tally.due(now: .seconds(10))
        _ = tally.due(now: .seconds(60))
        #expect(tally.places.isEmpty)
        #expect((tally.keys, tally.strangers, tally.others) == (0, 0, 0))
        #expect(tally.free.count == tally.rows.count)
    }
}
