import OAuth
import Secrets
import TestSupport
import Testing
import TokenWire
@testable import TokenLedger

/// How many sign-ins may be pending, whose place a newer one takes, and how one is cancelled.
@Suite struct PendingLoginsTests {
    // MARK: CANCEL

    @Test func `AC-19 CANCEL ends a sign-in whose answer has not come, and makes room`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        let waiting = scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: 600, at: $2) }
        let cancelled = scene.cancel(1)
        guard case .cancelled? = scene.signIn(cancelled) else { return #expect(Bool(false), "not cancelled") }
        #expect(scene.reason(waiting) == "cancelled")
        let callback = scene.callback(1)
        #expect(scene.reason(callback) == "unknown-login" && scene.plans.isEmpty)
        #expect(scene.ledger.logins.all.isEmpty)
        let again = scene.cancel(1)
        #expect(scene.reason(again) == "unknown-login")
    }

    @Test func `AC-19 what a cancelled sign-in brings is revoked: the code is with the server`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        let callback = scene.callback(1)
        _ = scene.cancel(1)
        #expect(scene.reason(callback) == "cancelled")
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        #expect(scene.revoked == ["refresh-1"] && scene.disk.isEmpty)
    }

    @Test func `AC-19 AC-28 what a cancelled sign-in has brought is revoked at once: the person was to be confirmed`() throws {
        var scene = GrantScene.signedIn()
        _ = try scene.login(1)
        _ = scene.callback(1)
        scene.grant("access-9", refresh: "refresh-9", identity: "i.ivanov")
        _ = scene.cancel(1)
        #expect(scene.revoked == ["refresh-9"] && scene.stored() == "refresh-1")
        let late = scene.confirm(1)
        #expect(scene.reason(late) == "unknown-login")
    }

    @Test func `AC-19 CANCEL comes too late once the sign-in is on its way to the disk`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        let callback = scene.callback(1)
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        let cancelled = scene.cancel(1)
        #expect(scene.reason(cancelled) == "answered")
        scene.finishJobs()
        guard case .signedIn? = scene.signIn(callback) else { return #expect(Bool(false), "not signed in") }
        #expect(scene.stored() == "refresh-1" && scene.revoked.isEmpty)
    }

    @Test func `SEC-06 nobody else can cancel a sign-in, or learn that there is one`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        let (other, none) = (scene.cancel(1, by: GrantScene.stranger), scene.cancel(2, by: GrantScene.stranger))
        #expect(scene.refusal(other) == scene.refusal(none) && scene.refusal(other)?.code == .denied)
        #expect(scene.ledger.logins.all.count == 1)
    }

    @Test func `SEC-06 nobody else can confirm a sign-in, wait for it, or learn that there is one`() throws {
        var scene = GrantScene.signedIn()
        _ = try scene.login(1)
        _ = scene.callback(1)
        scene.grant("access-9", refresh: "refresh-9", identity: "i.ivanov")
        for number in 1...2 as ClosedRange<UInt64> {
            let id = LoginID(number, number)
            let confirmed = scene.request { $0.confirm(id, for: GrantScene.stranger, waiter: $1, at: $2) }
            let awaited = scene.request { $0.awaitLogin(id, for: GrantScene.stranger, waiter: $1, wait: 30, at: $2) }
            #expect(scene.refusal(confirmed)?.code == .denied && scene.refusal(awaited) == scene.refusal(confirmed))
        }
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `AC-19 a LOGIN whose caller leaves before its answer is over: nobody has its id`() throws {
        var scene = GrantScene()
        let waiter = try scene.login(1, isLocated: false)
        scene.ledger.withdraw(waiter: waiter)
        #expect(scene.ledger.logins.all.isEmpty)
        let errand = try #require(scene.errands.last)
        let metadata = try GrantScene.metadata()
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        #expect(scene.ledger.logins.all.isEmpty && scene.answers[waiter] == nil)
    }

    @Test func `a caller who leaves later leaves the sign-in pending`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        let waiting = scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: 600, at: $2) }
        scene.ledger.withdraw(waiter: waiting)
        #expect(scene.ledger.logins.all.count == 1)
    }

    // MARK: one uid

    @Test func `AC-19 a ninth sign-in of one uid takes the place of its oldest`() throws {
        var scene = GrantScene()
        for number in 1...8 as ClosedRange<UInt64> { _ = try scene.login(number) }
        let waiting = scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: 600, at: $2) }
        let ninth = try scene.login(9)
        guard case .began? = scene.signIn(ninth) else { return #expect(Bool(false), "refused") }
        #expect(scene.reason(waiting) == "replaced")
        #expect(Set(scene.ledger.logins.all.keys) == Set((2...9).map { LoginID($0, $0) }))
    }

    @Test func `AC-19 one whose code is with the server is not replaced, and retry-after is when the first of them has its answer`() throws {
        var scene = GrantScene()
        for number in 1...8 as ClosedRange<UInt64> {
            _ = try scene.login(number)
            _ = scene.callback(number)
            scene.pass(1)
        }
        let ninth = try scene.login(9)
        let timeout = try #require(scene.ledger.configuration.applications["portal"]?.server.timeout)
        #expect(scene.refusal(ninth)?.code == .busy)
        #expect(scene.refusal(ninth)?.fields == [Field("retry-after", timeout - 8)])
        scene.answer(.failure(GrantScene.invalidGrant), to: scene.plans.first)
        let later = try scene.login(10)
        guard case .began? = scene.signIn(later) else { return #expect(Bool(false), "refused") }
    }

    // MARK: all together

    private static let server = ServerSettings(location: .issuer("https://id.test"))

    /// Begins sign-ins, oldest first, where there is room without an end of others: whose they are, and whether a server has the code until the second
    /// of their number.
    private func pending(_ list: [(share: Share, isBusy: Bool)]) -> PendingLogins {
        var logins = PendingLogins()
        for (index, one) in list.enumerated() {
            let number = UInt64(index + 1)
            #expect(logins.room(for: one.share) == .free, "\(number)")
            let login = PendingLogin(
                id: LoginID(number, number), number: number, token: GrantScene.user, caller: GrantScene.alice, share: one.share, server: Self.server,
                generation: 1, binding: RecordBinding(server: "https://id.test", clientID: "c", grant: "authorization_code"),
                request: AuthorizationRequest(
                    clientID: "c", redirectURI: "http://127.0.0.1:1/", scopes: [], state: Secret("s"), nonce: Secret("n"), challenge: "x"),
                verifier: Secret("v"), asked: 0, deadline: .seconds(600), confirmsFirst: false)
            logins.begin(login)
            if one.isBusy { logins.redeem(number, Self.redemption(number), until: .seconds(Int(number))) }
        }
        return logins
    }

    private static func redemption(_ number: UInt64) -> Redemption {
        Redemption(
            login: LoginID(number, number), token: GrantScene.user,
            binding: RecordBinding(server: "https://id.test", clientID: "c", grant: "authorization_code"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var what: String
        /// Whose, how many, and whether their codes are with a server.
        var held: [(share: Share, count: Int, isBusy: Bool)]
        var newcomer: Share
        var room: PendingLogins.Room
        var testDescription: String { what }

        init(_ what: String, _ held: [(Share, Int)], busy: Set<Int> = [], _ newcomer: Share, _ room: PendingLogins.Room) {
            self.what = what
            self.held = held.enumerated().map { ($1.0, $1.1, busy.contains($0)) }
            self.newcomer = newcomer
            self.room = room
        }
    }

    private static func user(_ uid: UInt32) -> Share { FairPoolTests.alice(uid) }
    private static func member(_ uid: UInt32, of group: UInt32 = 20) -> Share { FairPoolTests.member(uid, of: group) }
    private static func instead(_ number: UInt64) -> PendingLogins.Room { .instead(LoginID(number, number)) }
    private static let namedUsers = (1...7).map { (user($0), 8) } + [(user(8), 4)]
    private static let groups = [
        (member(1, of: 21), 8), (member(2, of: 21), 8), (member(3, of: 22), 8), (member(4, of: 22), 6), (member(5, of: 23), 7),
        (member(6, of: 23), 7),
    ]

    static let cases: [Case] = [
        Case("there is room", [(user(1), 7)], user(1), .free),
        Case("a user who has eight loses the oldest", [(user(2), 1), (user(1), 8)], user(1), instead(2)),
        Case("of a user's, one whose code is with a server is passed over", [(user(1), 2), (user(1), 6)], busy: [0], user(1), instead(3)),
        Case("where all of them are, the first answer is waited for", [(user(1), 8)], busy: [0], user(1), .none(until: .seconds(1))),
        Case("another user is not kept out by that", [(user(1), 8)], busy: [0], user(2), .free),
        Case("a group has sixteen: of it, whoever holds most loses the oldest", [(member(9), 1), (member(1), 8), (member(2), 7)], member(3), instead(2)),
        Case("a member who holds most loses one of their own", [(member(1), 7), (member(2), 8), (member(3), 1)], member(2), instead(8)),
        Case("a member who holds less than others takes from them", [(member(1), 7), (member(2), 8), (member(3), 1)], member(3), instead(8)),
        Case("where the members of a group have one each, the oldest gives way to a newcomer", (1...16).map { (member($0), 1) }, member(99), instead(1)),
        Case("whose code is with a server is passed over in that, too", (1...16).map { (member($0), 1) }, busy: [0, 1], member(99), instead(3)),
        Case("and where all are, the first answer is waited for", (1...16).map { (member($0), 1) }, busy: Set(0..<16), member(99), .none(until: .seconds(1))),
        Case("that keeps no other group out", (1...16).map { (member($0), 1) }, busy: Set(0..<16), member(1, of: 30), .free),
        Case("nor a user whom a rule names, when groups have all that they may", groups, user(1), .free),
        Case("among groups, the one that holds most gives way", groups, member(9, of: 24), instead(1)),
        Case("users fill the rest, and room is kept for administrators", namedUsers, FairPoolTests.root, .free),
        Case("of users, whoever holds most loses the oldest", [(user(9), 1)] + namedUsers.dropLast() + [(user(8), 3)], user(10), instead(2)),
        Case("a user who would hold more than any other loses one of their own", (1...60).map { (user($0), 1) }, user(60), instead(60)),
        Case(
            "of sixty users with one each nobody gives way to another: the first end is waited for", (1...60).map { (user($0), 1) }, user(99),
            .none(until: .seconds(600))),
    ]

    @Test(arguments: cases) func `whose place a newer sign-in takes`(_ test: Case) {
        let held = test.held.flatMap { [(share: Share, isBusy: Bool)](repeating: ($0.share, $0.isBusy), count: $0.count) }
        let room = pending(held).room(for: test.newcomer)
        if case .instead(let id) = room, case .instead(let expected) = test.room, id != expected {
            // of several who hold as much, any
            let (one, other) = (held[Self.place(id)].share, held[Self.place(expected)].share)
            let count = { (share: Share) in held.count { $0.share.entry == share.entry } }
            #expect(one != other && count(one) == count(other), "\(room)")
        } else {
            #expect(room == test.room)
        }
    }

    private static func place(_ id: LoginID) -> Int { (0..<64).first { LoginID(UInt64($0 + 1), UInt64($0 + 1)) == id } ?? 0 }

    @Test func `a sign-in that is over keeps its place until the answer to its code has come`() {
        var logins = pending([(share: Share, isBusy: Bool)](repeating: (Self.user(1), true), count: 8))
        for number in 1...8 as ClosedRange<UInt64> { _ = logins.end(LoginID(number, number)) }
        #expect(logins.all.isEmpty && logins.room(for: Self.user(1)) == .none(until: .seconds(1)))
        #expect(logins.redeemed(3)?.login == LoginID(3, 3) && logins.redeemed(3) == nil)
        #expect(logins.room(for: Self.user(1)) == .free)
    }

    @Test func `a sign-in that waits for a word may end again, and has the turn of its age`() {
        var logins = pending([(Self.user(1), true)] + [(share: Share, isBusy: Bool)](repeating: (Self.user(1), false), count: 7))
        #expect(logins.room(for: Self.user(1)) == Self.instead(2))
        _ = logins.redeemed(1)
        #expect(logins.room(for: Self.user(1)) == Self.instead(1))
    }

    @Test func `whatever begins and ends, there are never more than sixty-four, and all places come back`() {
        var random = SeededRandom(11)
        var logins = PendingLogins()
        let shares = [FairPoolTests.root, FairPoolTests.unit] + (1...5).map { Self.user($0) } + (1...40).map { Self.member($0, of: 20 + $0 % 3) }
        var codes: Set<UInt64> = []
        for number in 1...20_000 as ClosedRange<UInt64> {
            guard let share = shares.randomElement(using: &random) else { return }
            if case .instead(let id) = logins.room(for: share) { #expect(logins.end(id) != nil) }
            if logins.room(for: share) == .free {
                logins.begin(
                    PendingLogin(
                        id: LoginID(number, number), number: number, token: GrantScene.user, caller: GrantScene.alice, share: share, server: Self.server,
                        generation: 1, binding: Self.redemption(1).binding,
                        request: AuthorizationRequest(clientID: "c", redirectURI: "", scopes: [], state: Secret("s"), nonce: Secret("n"), challenge: "x"),
                        verifier: Secret("v"), asked: 0, deadline: .seconds(600), confirmsFirst: false))
                if Bool.random(using: &random) {
                    logins.redeem(number, Self.redemption(number), until: .seconds(Int(number)))
                    codes.insert(number)
                }
            }
            if Int.random(in: 0..<3, using: &random) == 0, let id = logins.all.keys.randomElement(using: &random) { _ = logins.end(id) }
            if Int.random(in: 0..<3, using: &random) == 0, let code = codes.randomElement(using: &random) {
                codes.remove(code)
                #expect(logins.redeemed(code)?.login == LoginID(code, code))
            }
            let held = Set(logins.all.keys).union(codes.map { LoginID($0, $0) }).count
            #expect(held <= PendingLogins.most && logins.places.count == held && logins.places.check().isEmpty)
        }
        for id in logins.all.keys { _ = logins.end(id) }
        for code in codes { _ = logins.redeemed(code) }
        #expect(logins.places.count == 0)
    }
}
