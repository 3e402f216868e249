import Secrets
import Testing
@testable import TokenLedger
import TokenWire

@testable import TokenAudit

@Suite struct AuditTallyBoundsTests {
    private var tally = AuditTally()

    static let member = Share(.group(20), .uid(2000))
    static let stranger = Share(.strangers, .uid(3000))
    static let alice = Share(.user(1000), .uid(1000))
    static let bob = Share(.user(1001), .uid(1001))
    static let unit = Share(.unit("erp-sync.service"), .unit("erp-sync.service"))
    static let root = Share(.root, .uid(0))

    private static func handOut(_ number: Int, of share: Share) -> AuditEntry {
        var entry = Sample.handOut(id: Fingerprint(bits: UInt64(number)))
        entry.share = share
        return entry
    }

    private static func refusal(_ number: Int, of share: Share) -> AuditEntry {
        var entry = Sample.denial(uid: 1000)
        (entry.reason, entry.share) = ("reason-\(number)", share)
        return entry
    }

    /// Records so many kinds of one share.
    private mutating func fill(_ share: Share, _ number: Int, from first: Int = 0, _ kind: (Int, Share) -> AuditEntry = handOut) {
        for number in first..<first + number { _ = tally.record(kind(number, share), now: 0) }
    }

    struct Crowding: Sendable, CustomTestStringConvertible {
        var what: String
        /// Who fills the places, with what.
        var crowd: Share
        var isByRefusals = true
        /// Who comes then, and whether it is told by itself.
        var comer: Share
        var isRefusal = false
        var isToldByItself = true
        var testDescription: String { what }
    }

    @Test(arguments: [
        Crowding(what: "strangers do not crowd out a unit", crowd: stranger, comer: unit),
        Crowding(what: "a group does not crowd out root", crowd: member, isByRefusals: false, comer: root),
        Crowding(what: "a user does not crowd out root", crowd: alice, comer: root),
        Crowding(what: "nor another user", crowd: alice, comer: bob),
        Crowding(what: "nor what another user is refused", crowd: alice, comer: bob, isRefusal: true),
        Crowding(what: "nor a group", crowd: alice, comer: member),
        Crowding(what: "a user does not hide what the same user is given", crowd: alice, comer: alice),
        Crowding(what: "but more refusals of the same user are told as others", crowd: alice, comer: alice, isRefusal: true, isToldByItself: false),
        Crowding(what: "hand-outs to a unit do not hide a further one", crowd: unit, isByRefusals: false, comer: unit),
        Crowding(what: "further kinds of one group are told as others", crowd: member, isByRefusals: false, comer: member, isToldByItself: false),
        Crowding(what: "further kinds of one stranger are told as others", crowd: stranger, comer: stranger, isRefusal: true, isToldByItself: false),
    ])
    func `whoever has most kinds gives way, and what named users, units and root are given is always told by itself`(_ test: Crowding) {
        var tally = AuditTally()
        var decided: UInt64 = 0
        var told: UInt64 = 0
        for number in 0..<2 * AuditTally.mostKeys {
            let entry = test.isByRefusals ? Self.refusal(number, of: test.crowd) : Self.handOut(number, of: test.crowd)
            let (_, first, before) = tally.record(entry, now: 0)
            decided += 1
            told += (first == nil ? 0 : 1) + before.reduce(0) { $0 + $1.count }
        }
        let entry = test.isRefusal ? Self.refusal(-1, of: test.comer) : Self.handOut(1 << 40, of: test.comer)
        #expect(tally.isNew(entry) == test.isToldByItself)
        let (slot, first, before) = tally.record(entry, now: 1)
        #expect((first == entry) == test.isToldByItself)
        #expect(tally.again(slot) == true)
        decided += 2
        told += (first == nil ? 0 : 1) + before.reduce(0) { $0 + $1.count }
        let rest = tally.drain(now: 2)
        #expect(rest.contains { $0.entry.event == entry.event && $0.entry.tokenID == entry.tokenID && $0.entry.reason == entry.reason } == test.isToldByItself)
        #expect(told + rest.reduce(0) { $0 + $1.count } == decided)
        #expect(tally.rows.count <= AuditTally.mostKeys + AuditTally.mostOthers + 1)
    }

    @Test mutating func `what was counted of a kind that gives way is told by its name`() throws {
        fill(Self.alice, AuditTally.mostKeys * 15 / 16)
        let (slot, _, _) = tally.record(Self.handOut(0, of: Self.alice), now: 0)
        for _ in 0..<6 { #expect(tally.again(slot) == true) }
        let (_, first, before) = tally.record(Self.handOut(1 << 40, of: Self.bob), now: .seconds(1))
        #expect(first != nil)
        #expect(before.map(\.count) == [7])
        #expect(before.first?.entry.tokenID == Fingerprint(bits: 0))
        #expect(tally.again(slot) == false)
        let again = tally.record(Self.handOut(0, of: Self.alice), now: .seconds(2)).first
        #expect(again != nil)
    }

    @Test mutating func `a slot for others is given up with its summary, so that its holder finds a key of its own again`() {
        fill(Self.member, AuditTally.mostKeys)
        let (slot, _, _) = tally.record(Self.handOut(1 << 40, of: Self.member), now: 0)
        _ = tally.due(now: .seconds(10))
        #expect(tally.again(slot) == false)
        _ = tally.due(now: .seconds(60))
        let (mine, first, _) = tally.record(Self.handOut(1 << 40, of: Self.member), now: .seconds(61))
        #expect(first != nil)
        #expect(tally.again(mine) == true)
        #expect(tally.due(now: .seconds(71)).map(\.entry.event) == [.handedOut])
    }

    @Test mutating func `the room of many goes back when all are quiet, and no slot of theirs fits afterwards`() {
        fill(Self.root, AuditTally.mostKeys)
        let (slot, _, _) = tally.record(Self.handOut(1, of: Self.root), now: 0)
        _ = tally.due(now: .seconds(10))
        for second in stride(from: Int64(20), through: 200, by: 10) { _ = tally.due(now: .seconds(second)) }
        #expect(tally.rows.isEmpty)
        #expect(tally.keys.count == 0)
        #expect(tally.nextDeadline == nil)
        for number in 0..<AuditTally.mostKeys { _ = tally.record(Self.handOut(number, of: Self.root), now: .seconds(201)) }
        #expect(tally.again(slot) == false)
    }

    @Test mutating func `what comes back unwritten puts nobody out`() throws {
        // all that a user may have, each with a repeat that is not told yet
        for _ in 0..<2 { fill(Self.alice, AuditTally.mostKeys * 15 / 16) }
        let (slot, first, _) = tally.record(Self.handOut(1 << 40, of: Self.bob), now: 0)
        tally.withdraw(slot)
        fill(Self.alice, 1, from: 1 << 20)
        let (kinds, pending) = (tally.keys.count, tally.pending)
        #expect(pending == UInt64(kinds - 1))
        tally.notWritten(AuditSummary(first: try #require(first), in: slot), now: 0)
        #expect(tally.keys.count == kinds)
        #expect(tally.drain(now: 1).reduce(0) { $0 + $1.count } == pending + 1)
    }

    /// What users whom no rule names are told, each once.
    private static func denial(_ uid: UInt32) -> AuditEntry {
        var entry = Sample.denial(uid: uid)
        entry.share = Share(.strangers, .uid(uid))
        return entry
    }

    @Test mutating func `one stranger is counted by sixteen kinds at most`() {
        fill(Self.stranger, 100, Self.refusal)
        #expect(tally.keys.count(of: Self.stranger) == AuditTally.mostOfOneStranger)
    }

    @Test mutating func `the users counted as a whole are bounded too`() {
        let most = AuditTally.mostStrangersKeys + AuditTally.mostOthers
        for uid in 0..<UInt32(10_000) { _ = tally.record(Self.denial(uid), now: 0) }
        #expect(tally.rows.count == most + 1)
        let told = tally.drain(now: 1)
        #expect(told.reduce(0) { $0 + $1.count } == UInt64(10_000 - most - 1))
        #expect(told.map(\.entry.reason) == ["everyone"])
    }

    @Test mutating func `everything that was opened is closed again`() {
        for uid in 0..<UInt32(10_000) { _ = tally.record(Self.denial(uid), now: 0) }
        _ = tally.due(now: .seconds(10))
        _ = tally.due(now: .seconds(60))
        #expect(tally.places.isEmpty)
        #expect((tally.keys.count, tally.others) == (0, 0))
        #expect(tally.free.count == tally.rows.count)
    }
}
