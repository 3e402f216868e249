import Testing
import TokenWire

@testable import TokenLedger

@Suite struct SubordinateUIDsTests {
    static let table = SubordinateUIDs(
        """
        alice:100000:65536
        bob:165536:65536
        alice:900000:10
        1003:300000:65536

        # no line of subuid(5)
        carol:x:65536
        carol:400000
        carol:400000:0
        carol:-1:5
        carol:4294967296:1
        dave:4294967290:4294967295
        """)

    struct Case: Sendable {
        var uid: UInt32
        var person: UInt32
    }

    @Test(arguments: [
        Case(uid: 0, person: 0), Case(uid: 1000, person: 1000), Case(uid: 99_999, person: 99_999), Case(uid: 100_000, person: 100_000),
        Case(uid: 165_535, person: 100_000), Case(uid: 165_536, person: 165_536), Case(uid: 231_071, person: 165_536), Case(uid: 231_072, person: 231_072),
        Case(uid: 900_009, person: 100_000), Case(uid: 900_010, person: 900_010), Case(uid: 300_001, person: 300_000), Case(uid: 400_000, person: 400_000),
        Case(uid: 4_294_967_289, person: 4_294_967_289), Case(uid: .max, person: 4_294_967_290),
    ]) func `all ranges of one owner are one person`(_ test: Case) {
        #expect(Self.table.person(of: test.uid) == test.person)
    }

    /// LXD gives root a range in which those of users lie.
    @Test(arguments: [
        Case(uid: 199_999, person: 199_999), Case(uid: 200_000, person: 200_000), Case(uid: 200_099, person: 200_000), Case(uid: 200_100, person: 200_100),
        Case(uid: 200_109, person: 200_100), Case(uid: 200_110, person: 200_000), Case(uid: 200_150, person: 200_150), Case(uid: 200_155, person: 200_155),
        Case(uid: 200_158, person: 200_150), Case(uid: 200_160, person: 200_000), Case(uid: 264_999, person: 200_000), Case(uid: 265_535, person: 265_000),
        Case(uid: 265_536, person: 265_000),
        Case(uid: 265_540, person: 265_541),
    ]) func `of ranges one in another the one that begins last counts, and the others go on behind it`(_ test: Case) {
        let table = SubordinateUIDs(
            "mallory:200000:65536\nbob:200100:10\ncarol:200150:10\ndave:200155:3\nerin:265000:540\nfrank:265541:1\nfrank:265540:1\nbob:200100:10")
        #expect(table.person(of: test.uid) == test.person)
    }

    /// A range of all uids is root's on some machines; 65,536 is the first that no account has by itself.
    @Test func `neither root's ranges nor the uids of accounts make several people one`() {
        let table = SubordinateUIDs("root:1:4294967294\n0:100000:65536\nalice:1000:70000\nalice:300000:10\n")
        #expect([0, 1, 1000, 1001, 65_535, 100_000].allSatisfy { table.person(of: $0) == $0 })
        #expect([65_536, 70_999, 300_000, 300_009].allSatisfy { table.person(of: $0) == 65_536 })
    }

    @Test func `without ranges everybody is somebody else`() {
        #expect(SubordinateUIDs().person(of: 100_000) == 100_000)
        #expect(SubordinateUIDs("").person(of: .max) == .max)
    }

    /// 65,536 uids of one member of a group, and of one stranger.
    @Test func `a person with subordinate uids has one share of a group, and one as a stranger`() throws {
        var configuration = Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20)))] }
        configuration.subordinates = Self.table
        let policy = AccessPolicy(configuration)
        let token = try #require(TokenName("portal.sync"))
        let member = { (uid: UInt32) in policy.share(of: Caller(uid: uid, gid: 20)) }
        let stranger = { (uid: UInt32) in policy.share(of: Caller(uid: uid, gid: 21)) }
        #expect(member(100_001) == Share(.group(20), .uid(100_000)))
        #expect(member(900_001) == member(100_001))
        #expect(member(165_536) != member(100_001))
        #expect(member(1001) == Share(.group(20), .uid(1001)))
        #expect(stranger(100_001) == Share(.strangers, .uid(100_000)))
        #expect(policy.share(of: .uid(100_007), for: token) == member(100_001))
    }

    @Test func `a member with as many uids as a group may hold leaves room for another member, also while all of them are in use`() throws {
        var configuration = Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20)))] }
        configuration.subordinates = Self.table
        configuration.limits.membersPerGroup = 16
        var scene = Scene(configuration)
        for number: UInt32 in 0..<40 {
            scene.pass(1)
            let (_, turn) = try scene.get(by: Caller(uid: 100_000 + number, gid: 20))
            if let plan = turn.plans.first { _ = scene.settle(plan, .success(Scene.tokens()), id: UInt64(number) + 1) }
        }
        // a quarter of what the group may hold
        #expect(scene.ledger.cache.memberCount == 4)
        let (waiter, turn) = try scene.get(by: Caller(uid: 1001, gid: 20))
        #expect(turn.refusal(waiter) == nil && turn.plans.count == 1)
        #expect(scene.ledger.cache.memberCount == 5)
    }

    @Test func `a member's uids have one budget of exchanges, and another member has another`() throws {
        var configuration = Scene.configuration { $0.allow = [AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20)))] }
        configuration.subordinates = Self.table
        var scene = Scene(configuration)
        let callers = (0..<10).map { Caller(uid: 100_000 + $0, gid: 20) } + (0..<3).map { Caller(uid: 165_536 + $0, gid: 20) }
        for caller in callers { try scene.obtain(by: caller) }
        scene.pass(40)
        var plans = 0
        for caller in callers[..<10] {
            let (waiter, turn) = try scene.get(Scene.query(3_590), by: caller)
            plans += turn.plans.count
            #expect(turn.plans.isEmpty == (turn.refusal(waiter)?.code == .busy))
        }
        #expect(plans == Budget.burst)
        #expect(try scene.get(Scene.query(3_590), by: callers[10]).1.plans.count == 1)
    }
}
