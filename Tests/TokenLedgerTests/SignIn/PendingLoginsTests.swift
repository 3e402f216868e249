import OAuth
import Secrets
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

    private static let token = GrantScene.user
    private static let other = GrantScene.pat

    /// Pending sign-ins, oldest first: whose they are, of which share, and whether a server has the code.
    private func pending(_ list: [(uid: UInt32, share: LoginShare, isBusy: Bool)]) -> PendingLogins {
        var logins = PendingLogins()
        for (index, one) in list.enumerated() {
            let number = UInt64(index + 1)
            var login = PendingLogin(
                id: LoginID(number, number), number: number, token: Self.token, caller: Caller(uid: one.uid, gid: one.uid, pid: 1), share: one.share,
                generation: 1, binding: RecordBinding(server: "https://id.test", clientID: "c", grant: "authorization_code"),
                request: AuthorizationRequest(
                    clientID: "c", redirectURI: "http://127.0.0.1:1/", scopes: [], state: Secret("s"), nonce: Secret("n"), challenge: "x"),
                verifier: Secret("v"), asked: 0, deadline: .seconds(600), confirmsFirst: false)
            if one.isBusy { (login.stage, login.answerDue) = (.redeeming, .seconds(Int(number))) }
            logins.begin(login)
        }
        return logins
    }

    private func many(_ count: Int, of uid: UInt32, _ share: LoginShare? = nil, isBusy: Bool = false) -> [(UInt32, LoginShare, Bool)] {
        [(UInt32, LoginShare, Bool)](repeating: (uid, share ?? .user(uid), isBusy), count: count)
    }

    @Test func `of a uid's own sign-ins one of the same token is replaced first`() {
        let logins = pending(many(8, of: 1000))
        #expect(logins.room(for: 1000, .user(1000), Self.token) == .instead(LoginID(1, 1)))
        #expect(logins.room(for: 1000, .user(1000), Self.other) == .instead(LoginID(1, 1)))
        #expect(logins.room(for: 1001, .user(1001), Self.token) == .free)
    }

    @Test func `where all places are taken, whoever holds most of them loses the oldest, and never the next who comes`() {
        let full = pending((1...7).flatMap { many(8, of: $0) })
        #expect(full.room(for: 99, .user(99), Self.token) == .instead(LoginID(1, 1)))
        let greedy = pending(many(1, of: 1) + (2...6).flatMap { many(8, of: $0) } + many(7, of: 7) + many(8, of: 8))
        #expect(greedy.room(for: 99, .user(99), Self.token) == .instead(LoginID(2, 2)))
        let lone = pending((1...56).map { ($0, .user($0), false) })
        #expect(lone.room(for: 99, .user(99), Self.token) == .instead(LoginID(1, 1)))
    }

    @Test func `all whom one rule for a group lets in have one share: many uids of one person do not crowd out a user whom a rule names`() {
        let group = LoginShare.rule(RulePlace("portal.toml:30"))
        let logins = pending([(1, .user(1), false), (2, .user(2), false)] + (100...153).map { ($0, group, false) })
        #expect(logins.room(for: 3, .user(3), Self.token) == .instead(LoginID(3, 3)))
        #expect(logins.room(for: 200, group, Self.token) == .instead(LoginID(3, 3)))
    }

    @Test func `eight places are for root and administrators alone, who lose none to others`() {
        let others = (1...7).flatMap { many(8, of: $0) }
        let logins = pending(others)
        #expect(logins.room(for: 0, .administrator, Self.token) == .free)
        let roots = pending(many(7, of: 0, .administrator) + others)
        #expect(roots.room(for: 500, .administrator, Self.token) == .free)
        #expect(roots.room(for: 99, .user(99), Self.token) == .instead(LoginID(8, 8)))
        let all = pending(many(7, of: 0, .administrator) + many(1, of: 500, .administrator) + others)
        #expect(all.room(for: 500, .administrator, Self.token) == .instead(LoginID(9, 9)))
        #expect(pending(many(8, of: 0, .administrator)).room(for: 0, .administrator, Self.token) == .instead(LoginID(1, 1)))
    }

    @Test func `one that is with a server is passed over, and where all are, the first answer is waited for`() {
        let busy = pending(many(8, of: 1, isBusy: true) + (2...7).flatMap { many(8, of: $0) })
        #expect(busy.room(for: 99, .user(99), Self.token) == .instead(LoginID(9, 9)))
        let all = pending((1...7).flatMap { many(8, of: $0, isBusy: true) })
        #expect(all.room(for: 99, .user(99), Self.token) == .none(until: .seconds(1)))
    }

    @Test func `a share is root's and administrators', a named user's, or a rule's`() {
        var configuration = GrantScene.configuration()
        configuration.admins = [PeerPattern(user: NamedID(name: "boss", id: 500))]
        configuration.tokens[GrantScene.user]?.allow.append(
            AllowEntry(who: PeerPattern(group: NamedID(name: "staff", id: 50)), login: true, place: "portal.toml:22"))
        let policy = AccessPolicy(configuration)
        func share(_ uid: UInt32, _ groups: [UInt32] = []) -> LoginShare {
            policy.loginShare(of: GrantScene.user, for: Caller(uid: uid, gid: uid, groups: groups, pid: 1))
        }
        #expect(share(0) == .administrator && share(500) == .administrator)
        #expect(share(1000) == .user(1000) && share(1000, [50]) == .user(1000))
        #expect(share(2000, [50]) == .rule(RulePlace("portal.toml:22")) && share(2001, [50]) == share(2000, [50]))
    }
}
