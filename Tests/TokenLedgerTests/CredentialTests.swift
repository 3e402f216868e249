import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire

/// What systemd asks for on behalf of units.
@Suite struct CredentialTests {
    static let starting = Caller(starting: .unit("erp-sync.service"), pid: 8)
    static let wait = Double(AccessPolicy.credentialWait)

    /// A scene, and the question for portal.sync's credential.
    struct Asked {
        var scene: Scene
        private var last: UInt64 = 1_000

        init(_ configuration: Configuration = Scene.configuration()) { scene = Scene(configuration) }

        mutating func credential(_ id: String = "portal.sync", for caller: Caller = starting) throws -> (UInt64, Turn) {
            last += 1
            let query = try scene.ledger.policy.authorise(credential: id, for: caller).get()
            return (last, scene.ledger.ask(query, waiter: last, patience: .token, at: scene.now))
        }
    }

    // MARK: who

    @Test func `a unit's credential is the token that the unit itself would get`() throws {
        let policy = AccessPolicy(Scene.configuration())
        let own = try policy.authorise(TokenQuery(name: "portal.sync"), for: Scene.unit).get()
        let credential = try policy.authorise(credential: "portal.sync", for: Self.starting).get()
        #expect(credential.key == own.key)
        #expect(credential.key.consumer == .unit("erp-sync.service"))
        #expect((credential.bound, credential.demanded) == (own.bound, own.demanded))
    }

    struct Rule: Sendable {
        var who: PeerPattern
        var isForUnit: Bool
    }
    static let root = NamedID(name: "root", id: 0)

    @Test(arguments: [
        Rule(who: PeerPattern(unit: UnitPattern("erp-sync.service")), isForUnit: true),
        Rule(who: PeerPattern(unit: UnitPattern("erp-*.service")), isForUnit: true),
        Rule(who: PeerPattern(unit: UnitPattern("other.service")), isForUnit: false),
        Rule(who: PeerPattern(user: root), isForUnit: false),
        Rule(who: PeerPattern(group: root), isForUnit: false),
        Rule(who: PeerPattern(user: root, unit: UnitPattern("erp-sync.service")), isForUnit: false),
        Rule(who: PeerPattern(group: root, unit: UnitPattern("erp-sync.service")), isForUnit: false),
    ])
    func `only rules without user and group are for a unit that starts, though root asks for it`(_ rule: Rule) throws {
        let policy = AccessPolicyTests.policy([AllowEntry(who: rule.who)])
        let result = policy.authorise(credential: "portal.sync", for: Self.starting)
        #expect(((try? result.get()) != nil) == rule.isForUnit)
    }

    @Test(arguments: [
        PeerPattern(user: root), PeerPattern(group: root), PeerPattern(user: root, unit: UnitPattern("other.service")),
        PeerPattern(group: root, unit: UnitPattern("other-*.service")),
    ])
    func `a rule with a user that does not name the unit is passed over, and the next one decides`(_ first: PeerPattern) throws {
        let policy = AccessPolicyTests.policy([
            AllowEntry(who: first), AllowEntry(who: PeerPattern(unit: UnitPattern("erp-*.service")), scopes: ["read"]),
        ])
        #expect(try policy.authorise(credential: "portal.sync", for: Self.starting).get().key.scopes == ["read"])
    }

    @Test(arguments: [
        PeerPattern(user: NamedID(name: "erp", id: 900), unit: UnitPattern("erp-sync.service")),
        PeerPattern(group: NamedID(name: "erp", id: 900), unit: UnitPattern("erp-*.service")),
        PeerPattern(user: root, group: root, unit: UnitPattern("erp-sync.service")),
    ])
    func `a rule with a user that names the unit may be the unit's own, so the next one is not for its credential`(_ narrow: PeerPattern) throws {
        let unit = AllowEntry(who: PeerPattern(unit: UnitPattern("erp-*.service")))
        let doubtful = AccessPolicyTests.policy([
            AllowEntry(who: PeerPattern(user: Self.root)), AllowEntry(who: narrow, scopes: ["read"]), unit,
        ])
        let refusal = doubtful.authorise(credential: "portal.sync", for: Self.starting).refusal
        #expect(refusal?.code == .denied)
        #expect(
            refusal?.text == #"an entry of "portal.sync" with user or group names "erp-sync.service" before the one without, "#
                + "and nobody knows yet whether it is the unit's: put it behind, or take user and group out of it")
        let clear = AccessPolicyTests.policy([unit, AllowEntry(who: narrow, scopes: ["read"])])
        #expect(try clear.authorise(credential: "portal.sync", for: Self.starting).get().key.scopes == ["read", "update"], "behind, it decides nothing")
    }

    @Test func `an id of the configuration means its token`() throws {
        var configuration = Scene.configuration()
        configuration.credentials = ["erp": Scene.sync]
        let policy = AccessPolicy(configuration)
        #expect(try policy.authorise(credential: "erp", for: Self.starting).get().key.token == Scene.sync)
        #expect(policy.authorise(TokenQuery(name: "erp"), for: Scene.unit).isFailure, "only for credentials")
    }

    @Test func `the journal is told why there is none`() {
        let policy = AccessPolicy(Scene.configuration())
        let unknown = policy.authorise(credential: "portal.synk", for: Self.starting).refusal
        #expect(unknown?.text == #"there is no token "portal.synk", and [credentials] in tokend.toml does not name it either"#)
        let other = policy.authorise(credential: "portal.sync", for: Caller(starting: .unit("other.service"), pid: 1)).refusal
        #expect(other?.text == #"no entry of "portal.sync" without user and group is for "other.service""#)
        #expect([unknown?.code, other?.code] == [.denied, .denied])
    }

    @Test(arguments: ["user@1000.service", "systemd-nspawn@m.service"])
    func `a user's manager and a machine are no units, whatever a rule says`(_ name: String) {
        let policy = AccessPolicyTests.policy([AllowEntry(who: PeerPattern(unit: UnitPattern("*@*.service")))])
        #expect(policy.authorise(credential: "portal.sync", for: Caller(starting: CallerUnit(service: name), pid: 1)).isFailure)
    }

    @Test func `systemd's child is no administrator`() {
        #expect(!AccessPolicy(Scene.configuration()).isAdmin(Self.starting))
    }

    // MARK: half of its life

    @Test(arguments: [(0, true), (1_799, true), (1_800, true), (1_801, false), (3_000, false)])
    func `what is held is given while half of its life is left, and then another is fetched`(_ age: Int, _ isGiven: Bool) throws {
        var asked = Asked()
        try asked.scene.obtain(by: Scene.unit)
        asked.scene.pass(Double(age))
        let (waiter, turn) = try asked.credential()
        #expect((turn.token(waiter) != nil) == isGiven)
        #expect(turn.plans.isEmpty == isGiven)
        guard let plan = turn.plans.first else { return }
        #expect(asked.scene.settle(plan, .success(Scene.tokens()), id: 2).token(waiter)?.id == Fingerprint(bits: 2))
    }

    @Test func `half is a promise: it is not kept with a token that is merely valid`() throws {
        var asked = Asked()
        try asked.scene.obtain(by: Scene.unit)
        asked.scene.pass(2_000)
        let (waiter, turn) = try asked.credential()
        var told = asked.scene.settle(try #require(turn.plans.first), .failure(Scene.busyServer))
        #expect(told.answer(waiter) == nil, "a failure that may pass is waited out")
        #expect(asked.scene.ledger.ask(try asked.scene.authorised(Scene.query(), Scene.unit), waiter: 1, at: asked.scene.now).token(1) != nil)
        asked.scene.pass(Self.wait)
        told = asked.scene.due()
        #expect(told.refusal(waiter)?.code == .timeout)
    }

    @Test func `a failure that passes in time is not noticed`() throws {
        var asked = Asked()
        let (waiter, turn) = try asked.credential()
        _ = asked.scene.settle(try #require(turn.plans.first), .failure(Scene.unreachable))
        asked.scene.pass(10)
        let again = asked.scene.due()
        let told = asked.scene.settle(try #require(again.plans.first), .success(Scene.tokens()))
        #expect(told.token(waiter) != nil)
    }

    @Test func `what only an operator can mend is told at once`() throws {
        var asked = Asked()
        let (waiter, turn) = try asked.credential()
        let told = asked.scene.settle(try #require(turn.plans.first), .failure(Scene.wrongSecret))
        #expect(told.refusal(waiter)?.code == .refused)
        let (next, refused) = try asked.credential()
        #expect(refused.refusal(next)?.code == .refused)
    }

    @Test func `short lives have halves too`() throws {
        var asked = Asked()
        let (waiter, turn) = try asked.credential()
        let told = asked.scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 4)))
        #expect(told.token(waiter) != nil)
        asked.scene.pass(3)
        #expect(try asked.credential().1.plans.count == 1)
    }

    @Test func `a unit that starts again and again causes one exchange per half life`() throws {
        var asked = Asked()
        var plans = 0
        for _ in 0..<(4 * 60) {
            let (waiter, turn) = try asked.credential()
            if let plan = turn.plans.first {
                plans += 1
                #expect(asked.scene.settle(plan, .success(Scene.tokens())).token(waiter) != nil)
            } else {
                #expect(turn.token(waiter) != nil)
            }
            asked.scene.pass(60)
        }
        #expect(plans == 8)
    }

    @Test func `a unit that starts more often than tokens may be fetched for it is refused at once`() throws {
        var asked = Asked()
        for _ in 0..<6 {
            let (waiter, turn) = try asked.credential()
            #expect(asked.scene.settle(try #require(turn.plans.first), .success(Scene.tokens(life: 8))).token(waiter) != nil)
            asked.scene.pass(5)
        }
        let (waiter, turn) = try asked.credential()
        #expect(turn.refusal(waiter)?.code == .busy)
        #expect(turn.plans.isEmpty)
    }

    // MARK: a start gate

    @Test func `an administrator may ask whether a token can be had, and what is tried is handed to nobody`() throws {
        let policy = AccessPolicy(Scene.configuration())
        let inquiry = try #require(policy.inquiry("portal.sync"))
        #expect(inquiry.key.consumer == .probe)
        #expect(inquiry.key.scopes == ["read", "update"])
        #expect(policy.inquiry("portal.none") == nil)
        #expect(policy.inquiry("") == nil)
    }

    @Test func `what is tried is no more than some entry allows`() {
        let narrow = AccessPolicyTests.policy([
            AllowEntry(who: PeerPattern(unit: UnitPattern("a.service")), scopes: ["read"]),
            AllowEntry(who: PeerPattern(unit: UnitPattern("b.service")), scopes: ["update"]),
        ])
        #expect(narrow.inquiry("portal.sync")?.key.scopes == ["read"])
        #expect(AccessPolicyTests.policy([], shared: true).inquiry("portal.sync")?.key.consumer == .shared)
    }
}

extension Result where Failure == Refusal {
    var isFailure: Bool { refusal != nil }
    var refusal: Refusal? { if case .failure(let refusal) = self { refusal } else { nil } }
}
