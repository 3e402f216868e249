import Secrets
import Testing
@testable import TokenLedger
@testable import TokenAudit
import TokenWire

@testable import TokenDaemon

@Suite struct HandOutTableTests {
    private static let caller = Caller(uid: 1000, gid: 1000, pid: 1)

    private func handOut(_ line: String, epoch: UInt64 = 1) throws -> HandOut {
        let scene = try SessionHouse()
        let held = try #require(try scene.handedToken())
        return Array(line.utf8).withUnsafeBytes { HandOut($0, .token, held, for: Self.caller, epoch: epoch, slot: AuditSlot(place: 0, generation: 0)) }
    }

    private func found(_ table: HandOutTable, _ line: String, by caller: Caller = caller) -> HandOut? {
        Array(line.utf8).withUnsafeBytes { table.find($0, from: caller) }
    }

    @Test func `a reply is found by its whole line and its caller`() throws {
        var table = HandOutTable()
        let one = try handOut("GET a.b")
        table.keep(one, instead: nil) { _ in false }
        #expect(found(table, "GET a.b") === one)
        #expect(found(table, "GET a.c") == nil && found(table, "GET a.") == nil && found(table, "") == nil)
        #expect(found(table, "GET a.b", by: Caller(uid: 1001, gid: 1000)) == nil)
        #expect(found(table, "GET a.b", by: Caller(uid: 1000, gid: 1000, groups: [5])) == nil)
    }

    @Test func `a newer reply takes the place of the one before, and a long line has none`() throws {
        var table = HandOutTable()
        let (old, new) = (try handOut("GET a.b"), try handOut("GET a.b", epoch: 2))
        table.keep(old, instead: nil) { _ in false }
        table.keep(new, instead: old) { _ in false }
        #expect(found(table, "GET a.b") === new)
        let long = "GET a.b " + String(repeating: "x", count: 121)
        table.keep(try handOut(long), instead: nil) { _ in false }
        #expect(found(table, long) == nil)
    }

    @Test func `a thousand replies have room, and what is outdated goes`() throws {
        var table = HandOutTable()
        let first = try handOut("GET a.t0")
        var kept = [first]
        let held = try #require(try SessionHouse().handedToken())
        for number in 1..<1_000 {
            kept.append(
                Array("GET a.t\(number)".utf8).withUnsafeBytes {
                    HandOut($0, .token, held, for: Self.caller, epoch: UInt64(number % 2), slot: AuditSlot(place: 0, generation: 0))
                })
        }
        for one in kept { table.keep(one, instead: nil) { _ in false } }
        // two places each: a few may have lost theirs to others when the table grew
        let left = (0..<1_000).count { found(table, "GET a.t\($0)") != nil }
        #expect(left > 900)
        table.drop { !$0.isCurrent(1, at: 0) }
        #expect((0..<1_000).allSatisfy { $0 == 0 || $0 % 2 == 1 || found(table, "GET a.t\($0)") == nil })
        table.removeAll()
        #expect((0..<1_000).allSatisfy { found(table, "GET a.t\($0)") == nil })
    }
}

extension SessionHouse {
    /// What is known of a token that was brought in.
    func handedToken() throws -> Ready? {
        let alice = RecordingAsker(Self.alice)
        _ = keeper.take(.importToken(name: "app.t0", token: Secret("the-token-that-was-brought"), expires: nil), 1, from: alice)
        try turn { alice.replies[1] != nil }
        guard case .success(let query) = keeper.policy.authorise(TokenQuery(name: "app.t0"), for: Self.alice) else { return nil }
        return keeper.put { $0.ready(query, at: keeper.now) }
    }
}
