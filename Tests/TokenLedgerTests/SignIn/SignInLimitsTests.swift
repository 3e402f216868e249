import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What the sign-ins of one caller, or of one group, can take from others and can cause at a server.
@Suite struct SignInLimitsTests {
    private static let staff: UInt32 = 50

    private static func member(_ uid: UInt32) -> Caller { Caller(uid: uid, gid: uid, groups: [staff], pid: 1) }

    /// `portal.user` for alice and the group staff, and so many more tokens for the group.
    private static func scene(groupTokens: Int = 0) -> GrantScene {
        var scene = GrantScene()
        var next = scene.ledger.configuration
        let staff = PeerPattern(group: NamedID(name: "staff", id: staff))
        next.tokens[GrantScene.user]?.allow.append(AllowEntry(who: staff, login: true, place: "portal.toml:22"))
        for number in 0..<groupTokens {
            guard var token = next.tokens[GrantScene.user], let name = TokenName("portal.u\(number)") else { continue }
            token.name = name
            token.allow = [AllowEntry(who: staff, login: true, place: "portal.toml:\(100 + number)")]
            next.tokens[name] = token
        }
        scene.run { $0.adopt(next, at: $1).turn }
        return scene
    }

    private func isBegun(_ scene: GrantScene, _ waiter: UInt64) -> Bool { if case .began? = scene.signIn(waiter) { true } else { false } }

    /// LOGIN: whether it gives an address to open.
    private func begins(_ scene: inout GrantScene, _ number: UInt64, by caller: Caller = GrantScene.alice) throws -> Bool {
        let waiter = try scene.login(number, by: caller)
        return isBegun(scene, waiter)
    }

    private func locates(_ scene: GrantScene) -> [ErrandPlan] { scene.errands.filter { if case .locate = $0.errand { true } else { false } } }

    // MARK: the place of a code that is with the server

    @Test(arguments: ["CANCEL", "ten minutes"])
    func `a code that is with the server keeps the place of its sign-in, whatever ends that`(_ end: String) throws {
        var scene = GrantScene()
        for number in 1...8 as ClosedRange<UInt64> {
            _ = try scene.login(number)
            _ = scene.callback(number)
            if end == "CANCEL" { _ = scene.cancel(number) }
        }
        if end == "ten minutes" {
            scene.pass(601)
            scene.due()
        }
        let ninth = try scene.login(9)
        #expect(scene.refusal(ninth)?.code == .busy && scene.plans.count == 8)
        scene.answer(.failure(GrantScene.invalidGrant), to: scene.plans.first)
        let next = try scene.login(10)
        #expect(isBegun(scene, next), "the report has come, so there is a place")
    }

    @Test func `retry-after names the moment by which a cancelled sign-in's code has its answer`() throws {
        var scene = GrantScene()
        for number in 1...8 as ClosedRange<UInt64> {
            _ = try scene.login(number)
            _ = scene.callback(number)
            _ = scene.cancel(number)
            scene.pass(1)
        }
        let ninth = try scene.login(9)
        let timeout = try #require(scene.ledger.configuration.applications["portal"]?.server.timeout)
        #expect(scene.refusal(ninth)?.fields == [Field("retry-after", timeout - 8)])
    }

    @Test func `the codes of one user that are with servers at once are no more than the places of a user`() throws {
        var scene = GrantScene()
        for number in 1...200 as ClosedRange<UInt64> {
            guard try begins(&scene, number) else { continue }
            _ = scene.callback(number)
            _ = scene.cancel(number)
            scene.pass(0.1)
        }
        #expect(scene.plans.count == 8)
    }

    // MARK: the budget

    /// Sign-ins whose codes a server refuses at once, one after the other: how many codes came to the server until one was not let through.
    private func fumble(_ scene: inout GrantScene, from first: UInt64 = 1, by caller: (UInt64) -> Caller) throws -> (codes: Int, refusal: Refusal?) {
        let before = scene.plans.count
        for number in first...first + 1_000 {
            let login = try scene.login(number, by: caller(number))
            if !isBegun(scene, login) { return (scene.plans.count - before, scene.refusal(login)) }
            let waiter = scene.callback(number, by: caller(number))
            if scene.refusal(waiter)?.code == .busy { return (scene.plans.count - before, scene.refusal(waiter)) }
            scene.answer(.failure(GrantScene.invalidGrant))
        }
        return (scene.plans.count - before, nil)
    }

    @Test func `a user sends twenty codes at once, then one every ten seconds, and is told when`() throws {
        var scene = GrantScene()
        let (codes, refusal) = try fumble(&scene) { _ in GrantScene.alice }
        #expect(codes == 20 && refusal?.code == .busy && refusal?.fields == [Field("retry-after", 10)])
        for (index, (seconds, more)) in [(9.0, 0), (1.0, 1), (3_600.0, 20)].enumerated() {
            scene.pass(seconds)
            let later = try fumble(&scene, from: UInt64(2_000 * (index + 1))) { _ in GrantScene.alice }
            #expect(later.codes == more)
        }
    }

    @Test func `one user's budget is nobody else's`() throws {
        var scene = Self.scene()
        _ = try fumble(&scene) { _ in GrantScene.alice }
        let other = try fumble(&scene, from: 2_000) { _ in Self.member(100) }
        #expect(other.codes == 20)
    }

    @Test func `the many uids of a group have one budget together, and each of them its own`() throws {
        var scene = Self.scene()
        let one = try fumble(&scene) { _ in Self.member(100) }
        #expect(one.codes == 20)
        let (codes, refusal) = try fumble(&scene, from: 2_000) { Self.member(UInt32(1_000 + $0)) }
        #expect(codes == 60 && refusal?.fields == [Field("retry-after", 3)])
    }

    @Test func `an administrator's sign-ins have no budget`() throws {
        var scene = GrantScene()
        var next = scene.ledger.configuration
        next.admins = [PeerPattern(user: NamedID(name: "alice", id: GrantScene.alice.uid))]
        scene.run { $0.adopt(next, at: $1).turn }
        let (codes, refusal) = try fumble(&scene) { _ in GrantScene.alice }
        #expect(codes > 1_000 && refusal == nil)
    }

    @Test func `a sign-in whose code came too soon stays open, and its code is taken later`() throws {
        var scene = GrantScene()
        _ = try scene.login(500)
        _ = try fumble(&scene) { _ in GrantScene.alice }
        let early = scene.callback(500)
        #expect(scene.refusal(early)?.code == .busy)
        scene.pass(10)
        let waiter = scene.callback(500)
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        guard case .signedIn? = scene.signIn(waiter) else { return #expect(Bool(false), "not signed in") }
    }

    @Test func `a discovery that fails is paid by whoever began it, so LOGIN lines do not hammer a server that is away`() throws {
        var scene = Self.scene()
        let away = ExchangeFailure(law: .unsent, reach: .server, text: "the connection was refused")
        var discoveries = 0
        for number in 1...100 as ClosedRange<UInt64> {
            let waiter = try scene.login(number, isLocated: false)
            guard let errand = scene.errands.popLast() else {
                #expect(scene.refusal(waiter)?.code == .busy)
                continue
            }
            discoveries += 1
            _ = try scene.login(number + 1_000, by: Self.member(100), isLocated: false)
            scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.failure(away))), at: $1) }
            #expect(scene.refusal(waiter)?.code == .unavailable)
        }
        #expect(discoveries == 20)
        let other = try fumble(&scene, from: 5_000) { _ in Self.member(100) }
        #expect(other.codes == 20, "who only waited for it has paid nothing")
    }

    // MARK: one discovery for all

    @Test func `any number of sign-ins wait for one discovery, and nothing of those that have ended is left`() throws {
        var scene = GrantScene()
        let waiters = try (1...1_000 as ClosedRange<UInt64>).map { try scene.login($0, isLocated: false) }
        #expect(locates(scene).count == 1 && scene.ledger.errands.count == 1)
        #expect(scene.ledger.logins.all.count == 8)
        let errand = try #require(locates(scene).first)
        let metadata = try GrantScene.metadata()
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        #expect(waiters.suffix(8).allSatisfy { isBegun(scene, $0) })
        #expect(waiters.dropLast(8).allSatisfy { scene.reason($0) == "replaced" })
        #expect(scene.ledger.errands.count == 0)
    }

    @Test func `callers who hang up leave one discovery behind, which the next one waits for`() throws {
        var scene = GrantScene()
        for number in 1...1_000 as ClosedRange<UInt64> {
            let waiter = try scene.login(number, isLocated: false)
            scene.ledger.withdraw(waiter: waiter)
        }
        let waiter = try scene.login(2_000, isLocated: false)
        #expect(scene.ledger.errands.count == 1 && scene.ledger.logins.all.count == 1)
        let errand = try #require(locates(scene).first)
        let metadata = try GrantScene.metadata()
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        #expect(isBegun(scene, waiter))
    }

    @Test func `the failure of a discovery is told to all who wait for it, and the next LOGIN asks anew`() throws {
        var scene = Self.scene()
        let waiters = try [GrantScene.alice, Self.member(100), Self.member(101)].enumerated()
            .map { try scene.login(UInt64($0 + 1), by: $1, isLocated: false) }
        let errand = try #require(scene.errands.last)
        scene.errands = []
        let away = ExchangeFailure(law: .unsent, reach: .server, text: "the connection was refused")
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.failure(away))), at: $1) }
        #expect(waiters.allSatisfy { scene.refusal($0)?.code == .unavailable } && scene.ledger.logins.all.isEmpty)
        let next = try scene.login(9)
        #expect(isBegun(scene, next))
    }

    @Test func `a sign-in at another server has a discovery of its own`() throws {
        var scene = GrantScene()
        var next = scene.ledger.configuration
        var other = Scene.application("other")
        other.server.location = .issuer("https://other.test")
        next.applications["other"] = other
        let name = try #require(TokenName("other.user"))
        var token = try #require(next.tokens[GrantScene.user])
        token.name = name
        next.tokens[name] = token
        scene.run { $0.adopt(next, at: $1).turn }
        for number in 1...3 as ClosedRange<UInt64> { _ = try scene.login(number, isLocated: false) }
        for number in 4...6 as ClosedRange<UInt64> { _ = try scene.login(number, name, isLocated: false) }
        #expect(locates(scene).map(\.application.name) == ["portal", "other"])
    }

    // MARK: groups and named users

    @Test func `a user whom a rule names keeps the place, however many rules and uids the members of a group have`() throws {
        var scene = Self.scene(groupTokens: 60)
        _ = try scene.login(1)
        for number in 2...2_000 as ClosedRange<UInt64> {
            let name = try #require(TokenName("portal.u\(number % 60)"))
            _ = try scene.login(number, name, by: Self.member(UInt32(2_000 + number % 8)))
        }
        #expect(scene.ledger.logins[LoginID(1, 1)] != nil)
        let members = scene.ledger.logins.all.values.filter { $0.caller.uid >= 2_000 }
        #expect(members.count <= 16, "a quarter of the places is for one group")
        for number in 3_000...3_007 as ClosedRange<UInt64> {
            let isBegun = try begins(&scene, number)
            #expect(isBegun)
        }
    }

    @Test func `codes of a group that hang at a server leave room for a user whom a rule names`() throws {
        var scene = Self.scene()
        for number in 1...100 as ClosedRange<UInt64> {
            let member = Self.member(UInt32(2_000 + number))
            _ = try scene.login(number, by: member)
            _ = scene.callback(number, by: member)
            _ = scene.cancel(number, by: member)
        }
        #expect(scene.plans.count == 16)
        let late = try scene.login(200, by: Self.member(3_000))
        #expect(scene.refusal(late)?.code == .busy)
        let waiter = try scene.login(201)
        #expect(isBegun(scene, waiter))
        _ = scene.callback(201)
        #expect(scene.plans.count == 17)
    }

    @Test func `a disk that does not take a sign-in keeps its place, and retry-after says until when`() throws {
        var scene = GrantScene()
        for number in 1...8 as ClosedRange<UInt64> {
            _ = try scene.login(number)
            _ = scene.callback(number)
            scene.diskAnswer = .failure(GrantScene.halfway)
            scene.grant("access-\(number)", refresh: "refresh-\(number)", identity: "m.petrova")
            scene.pass(11)
        }
        let ninth = try scene.login(9)
        let told = try #require(scene.refusal(ninth)?.fields.first { $0.key == "retry-after" }.flatMap { Int64($0.value) })
        #expect(scene.refusal(ninth)?.code == .busy)
        let next = try #require(scene.ledger.store.nextDeadline)
        #expect(.seconds(told) + scene.now.boot >= next)
        scene.settleDown()
        let isBegun = try begins(&scene, 10)
        #expect(isBegun)
    }
}
