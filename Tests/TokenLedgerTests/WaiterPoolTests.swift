import OAuth
import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// Who may wait, when very many do.
@Suite struct WaiterPoolTests {
    static let alice = Caller(uid: 1000, gid: 1000, pid: 1)
    static let bob = Caller(uid: 1001, gid: 1001, pid: 2)
    static let root = Caller(uid: 0, gid: 0, pid: 3)
    static let job = Caller(uid: 990, gid: 990, pid: 4, unit: .unit("erp-sync.service"))
    /// Too many for one to fill the places, enough to do so together.
    static let users = (0..<20).map { Caller(uid: 2000 + UInt32($0), gid: 2000, pid: 6) }
    static func member(_ uid: UInt32) -> Caller { Caller(uid: uid, gid: 20, pid: 5) }

    /// portal.sync, one token for alice, bob, root, a group and a unit.
    static func scene() -> Scene {
        Scene(
            Scene.configuration { token in
                token.shared = true
                token.allow =
                    [
                        PeerPattern(unit: UnitPattern("erp-sync.service")), PeerPattern(user: NamedID(name: "alice", id: 1000)),
                        PeerPattern(user: NamedID(name: "bob", id: 1001)), PeerPattern(user: NamedID(name: "root", id: 0)),
                        PeerPattern(group: NamedID(name: "crowd", id: 20)),
                    ].map { AllowEntry(who: $0) }
                    + users.map { AllowEntry(who: PeerPattern(user: NamedID(name: "user", id: $0.uid))) }
            })
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        /// Who fills the places; a group's members in turn.
        var crowd: [Caller]
        var comer: Caller
        var isLetIn = true
        /// Whether one of the crowd is told to come again instead.
        var putsOut = false
        var testDescription: String { what }
    }

    static let cases: [Case] = [
        Case(what: "one user's requests leave room for another's", crowd: [alice], comer: bob),
        Case(what: "many users' requests do not keep another's from waiting", crowd: users, comer: bob, putsOut: true),
        Case(what: "nor root's, for whom room is kept", crowd: users, comer: root),
        Case(what: "nor a unit's", crowd: users, comer: job, putsOut: true),
        Case(what: "nor a group's", crowd: users, comer: member(9), putsOut: true),
        Case(what: "a group's many uids do not keep a user from waiting", crowd: (0..<5_000).map { member(100_000 + $0) }, comer: alice),
        Case(what: "whoever has most waiting is told to come again", crowd: [alice], comer: alice, isLetIn: false),
        Case(what: "so is a group that has all its places", crowd: (0..<5_000).map { member(100_000 + $0) }, comer: member(9), isLetIn: false),
        Case(what: "two users share", crowd: [alice, bob], comer: root),
    ]

    @Test(arguments: cases) func `over its share the one who has most waiting loses, never the next who comes`(_ test: Case) throws {
        var scene = Self.scene()
        for number in 0..<2 * Waiters.most { _ = try scene.get(by: test.crowd[number % test.crowd.count]) }
        let before = scene.ledger.waiters.count
        let (waiter, turn) = try scene.get(by: test.comer)
        #expect((turn.answer(waiter) == nil) == test.isLetIn)
        if !test.isLetIn { #expect(turn.refusal(waiter)?.code == .busy) }
        let others = turn.answers.filter { $0.waiter != waiter }
        #expect(others.count == (test.putsOut ? 1 : 0))
        for (_, answer) in others {
            guard case .refused(let refusal) = answer else { return #expect(Bool(false), "not refused") }
            #expect(refusal.code == .busy && refusal.fields.first?.key == "retry-after")
        }
        #expect(scene.ledger.waiters.count == before + (test.isLetIn ? 1 : 0) - others.count)
        #expect(scene.ledger.waiters.count <= Waiters.most)
    }

    @Test func `a unit's credential always finds a place`() throws {
        var scene = Self.scene()
        for _ in 0..<2 * Waiters.most { _ = try scene.get(by: Self.alice) }
        for _ in 0..<100 { _ = try scene.get(by: Self.root) }
        let query = try scene.ledger.policy.authorise(credential: "portal.sync", for: Caller(starting: .unit("erp-sync.service"), pid: 9)).get()
        let turn = scene.ledger.ask(query, waiter: 1 << 40, patience: .token, at: scene.now)
        #expect(turn.answers.isEmpty)
        #expect(scene.ledger.waiters[1 << 40] != nil)
    }

    @Test func `REJECT waits in a place like any other request`() throws {
        var scene = Self.scene()
        try scene.obtain(by: Self.alice)
        scene.pass(31)
        let query = try scene.authorised(Scene.query(), Self.alice)
        var last: RejectVerdict?
        for number in 0..<UInt64(2 * Waiters.most) { last = scene.ledger.reject(query, id: nil, waiter: 1_000_000 + number, at: scene.now).0 }
        guard case .refused(let refusal)? = last else { return #expect(Bool(false), "not refused") }
        #expect(refusal.code == .busy)
        #expect(scene.ledger.waiters.count < Waiters.most)
        let (waiter, turn) = try scene.get(by: Self.bob)
        #expect(turn.answer(waiter) == nil, "another user waits for the renewal, too")
    }

    @Test func `however a wait ends, its place is free again`() throws {
        var scene = Self.scene()
        func waiting(_ scene: Scene) -> (Int, Int) { (scene.ledger.waiters.placeCount, scene.ledger.waiters.count) }
        // a token
        var (_, turn) = try scene.get(by: Self.alice)
        _ = try scene.get(by: Self.bob)
        #expect(waiting(scene) == (2, 2))
        _ = scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 4)))
        #expect(waiting(scene) == (0, 0))
        // a failure
        scene.pass(5)
        _ = scene.due()
        turn = try scene.get(by: Self.alice).1
        _ = scene.settle(try #require(turn.plans.first), .failure(Scene.garbled))
        #expect(waiting(scene) == (0, 0))
        // the end of patience, a client that goes, an administrator's RENEW, and a token that a reload changes
        scene.pass(10)
        let (patient, asked) = try scene.get(Scene.query(wait: 1), by: Self.alice)
        let (leaver, _) = try scene.get(by: Self.bob)
        scene.ledger.withdraw(waiter: leaver)
        #expect(waiting(scene) == (1, 1))
        scene.pass(2)
        #expect(scene.due().refusal(patient)?.code == .timeout)
        #expect(waiting(scene) == (0, 0))
        _ = scene.settle(try #require(asked.plans.first), .success(Scene.tokens()))
        scene.pass(6)
        let (renewing, plans) = scene.ledger.renew(Scene.sync, of: Scene.root, waiters: { 900 }, wait: 30, at: scene.now)
        #expect(try renewing.get().count == 1)
        #expect(waiting(scene) == (1, 1))
        _ = scene.settle(try #require(plans.plans.first), .success(Scene.tokens()), id: 2)
        #expect(waiting(scene) == (0, 0))
        scene.pass(3_600)
        _ = scene.due()
        _ = try scene.get(by: Self.alice)
        let (orphans, _) = scene.ledger.adopt(Scene.configuration { $0.scopes = ["read"] }, at: scene.now)
        #expect(orphans.count == 1)
        #expect(waiting(scene) == (0, 0))
    }

    @Test func `those who wait a failure out stay where they are, in one pass over them`() throws {
        var scene = Self.scene()
        let query = try scene.authorised(Scene.query(wait: 600), Self.alice).probe(wait: 600)
        var plan: ExchangePlan?
        for number in 0..<1_000 as Range<UInt64> {
            plan = scene.ledger.ask(query, waiter: 10_000 + number, patience: .ready, at: scene.now).plans.first ?? plan
        }
        let (impatient, _) = try scene.get(by: Self.bob)
        let turn = scene.settle(try #require(plan), .failure(Scene.garbled))
        #expect(turn.answers.map(\.waiter) == [impatient])
        #expect(scene.ledger.waiters.count == 1_000)
        #expect(scene.ledger.waiters.placeCount == 1_000)
    }
}

/// Tokens of their own for the members of a group.
@Suite struct CrowdTests {
    static func scene(_ most: Int = 256) -> Scene {
        var configuration = Scene.configuration { token in
            token.allow = [
                AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000))), AllowEntry(who: PeerPattern(group: NamedID(name: "crowd", id: 20))),
                AllowEntry(who: PeerPattern(group: NamedID(name: "other", id: 21))),
            ]
        }
        configuration.limits.membersPerGroup = most
        return Scene(configuration)
    }

    static func member(_ uid: Int, of group: UInt32 = 20) -> Caller { Caller(uid: UInt32(uid), gid: group, pid: 5) }

    @Test func `one member with thousands of uids has no more tokens fetched than a group may have`() throws {
        var scene = Self.scene()
        var (got, busy) = (0, 0)
        for uid in 100_000..<101_500 {
            let (waiter, turn) = try scene.get(by: Self.member(uid))
            if let plan = turn.plans.first {
                _ = scene.settle(plan, .success(Scene.tokens()))
                got += 1
            } else if turn.refusal(waiter)?.code == .busy {
                busy += 1
            }
        }
        #expect((got, busy) == (256, 1_500 - 256))
        #expect(scene.ledger.cache.count == 256)
        #expect(scene.ledger.cache.consumerCount == 256)
        let ofOther = try scene.obtain(by: Self.member(7, of: 21))
        #expect(ofOther.token(1_501) != nil, "another group has its own room")
        let named = try scene.obtain(by: Scene.script)
        #expect(named.token(1_502) != nil, "a user whom a rule names needs none")
        let (waiter, again) = try scene.get(by: Self.member(100_000))
        #expect(again.token(waiter) != nil, "who holds a token is served")
    }

    @Test func `where every member holds one, a newcomer takes the place of the one that was asked for least lately`() throws {
        var scene = Self.scene(3)
        for uid in 1...3 {
            try scene.obtain(by: Self.member(uid))
            scene.pass(2)
        }
        func isServed(_ scene: inout Scene, _ uid: Int) throws -> Bool {
            let (waiter, turn) = try scene.get(by: Self.member(uid))
            guard let plan = turn.plans.first else { return turn.token(waiter) != nil }
            return scene.settle(plan, .success(Scene.tokens()), id: UInt64(uid)).token(waiter) != nil
        }
        scene.pass(590)
        #expect(try !isServed(&scene, 4), "all were asked for a moment ago")
        #expect(try isServed(&scene, 1))
        scene.pass(10)
        // 2 is the one
        #expect(try isServed(&scene, 4) && scene.ledger.cache.memberCount == 3)
        #expect(scene.ledger.cache.keys.map(\.consumer).contains(.uid(2)) == false)
        // of 1 and 3, that is 3; who waits or watches keeps the place
        let watched = try scene.authorised(Scene.query(), Self.member(3))
        _ = scene.ledger.watch(watched, watcher: 9, at: scene.now)
        #expect(try !isServed(&scene, 2))
        scene.pass(600)
        #expect(try isServed(&scene, 2))
        #expect(Set(scene.ledger.cache.keys.map(\.consumer)) == [.uid(2), .uid(3), .uid(4)])
        #expect(scene.ledger.check().isEmpty)
    }

    @Test func `thousands of newcomers have no more tokens fetched than there are places that nobody asked for lately`() throws {
        var scene = Self.scene(16)
        var got = 0
        for uid in 100_000..<104_000 {
            scene.pass(1)
            let (_, turn) = try scene.get(by: Self.member(uid))
            if let plan = turn.plans.first {
                _ = scene.settle(plan, .success(Scene.tokens()))
                got += 1
            }
        }
        #expect((16...16 * 7).contains(got) && got > 32, "\(got)")
    }

    @Test func `room is free again when a member's token has ended`() throws {
        var scene = Self.scene(2)
        for uid in [1, 2] { try scene.obtain(life: 60, by: Self.member(uid)) }
        let (waiter, turn) = try scene.get(by: Self.member(3))
        #expect(turn.refusal(waiter)?.fields.first == Field("retry-after", 60))
        #expect(turn.refusal(waiter)?.text == "too many members of the group hold a token of their own of \"portal.sync\"")
        scene.pass(61)
        _ = scene.due()
        #expect(scene.ledger.cache.memberCount == 0)
        _ = try scene.obtain(by: Self.member(3))
        #expect(scene.ledger.cache.memberCount == 1)
    }

    @Test func `a watch is bounded like a request`() throws {
        var scene = Self.scene(1)
        try scene.obtain(by: Self.member(1))
        let watch = scene.ledger.watch(try scene.authorised(Scene.query(), Self.member(2)), watcher: 7, at: scene.now)
        guard case .failure(let refusal) = watch else { return #expect(Bool(false), "it watches") }
        #expect(refusal.code == .busy)
    }

    @Test func `nobody who waits for a token gives way`() throws {
        var scene = Self.scene(2)
        for uid in [1, 2] { _ = try scene.get(by: Self.member(uid)) }
        scene.pass(3_600)
        let (waiter, turn) = try scene.get(by: Self.member(3))
        #expect(turn.refusal(waiter)?.code == .busy)
        #expect(scene.ledger.waiters.count == 2 && scene.ledger.cache.count == 2)
    }

    @Test func `a member for whom there is no place to wait takes none among those who hold a token`() throws {
        var scene = Self.scene(1)
        scene.ledger.waiters = Waiters(FairPool.Bounds(capacity: 0))
        let (waiter, turn) = try scene.get(by: Self.member(1))
        #expect(turn.refusal(waiter)?.code == .busy)
        #expect(scene.ledger.cache.memberCount == 0)
    }

    @Test func `tokens that outlived a restart take the places of their members`() throws {
        var before = Self.scene(2)
        for uid in [1, 2] { try before.obtain(by: Self.member(uid)) }
        let kept = before.ledger.cache.keys.compactMap { before.ledger.keeping(of: $0) }
        #expect(kept.count == 2)
        var scene = Self.scene(1)
        #expect(scene.ledger.resume(kept, at: before.now) == 1)
        #expect(scene.ledger.cache.memberCount == 1)
    }

    @Test func `a reload sets the bound anew and forgets a token's crowd with the token`() throws {
        var scene = Self.scene(1)
        try scene.obtain(by: Self.member(1))
        _ = scene.ledger.adopt(Self.scene(2).ledger.configuration, at: scene.now)
        try scene.obtain(by: Self.member(2))
        #expect(scene.ledger.cache.memberCount == 2)
        _ = scene.ledger.adopt(Configuration(), at: scene.now)
        #expect(scene.ledger.cache.memberCount == 0)
    }
}

@Suite struct FairHoldingsTests {
    @Test func `of whoever holds most the item of the lowest rank gives way, and what cannot go stays`() {
        var pool = FairHoldings<Int>(FairPool.Bounds(capacity: 8))
        let (alice, bob) = (Share(.user(1), .uid(1)), Share(.user(2), .uid(2)))
        for item in 0..<8 {
            let (isIn, _) = pool.admit(item, of: alice, rank: Int64(-item))
            #expect(isIn)
        }
        let first = pool.admit(100, of: bob, rank: 0)
        #expect(first.isIn && first.putOut == [7])
        let second = pool.admit(101, of: bob, rank: 0) { $0 != 6 }
        #expect(!second.isIn && second.putOut.isEmpty && pool.contains(6))
        let last = pool.admit(8, of: alice, rank: 0)
        #expect(!last.isIn)
        #expect((pool.count(of: alice), pool.count(of: bob), pool.count) == (7, 1, 8))
        for item in Array(0..<8) + [100] { pool.remove(item) }
        #expect(pool.count == 0 && pool.hasRoom(for: alice) && pool.first(of: alice) == nil)
    }
}
