import OAuth
import Testing
import TokenLedger
import TokenWire

@Suite struct AccessPolicyTests {
    static func policy(_ entries: [AllowEntry], admins: [PeerPattern] = [], shared: Bool = false) -> AccessPolicy {
        var configuration = Scene.configuration {
            $0.allow = entries
            $0.shared = shared
        }
        configuration.admins = admins
        return AccessPolicy(configuration)
    }
    static func user(_ id: UInt32?) -> PeerPattern { PeerPattern(user: NamedID(name: "u", id: id)) }
    static func group(_ id: UInt32?) -> PeerPattern { PeerPattern(group: NamedID(name: "g", id: id)) }
    static func unit(_ pattern: String) -> PeerPattern { PeerPattern(unit: UnitPattern(pattern)) }
    static func peer(_ uid: UInt32, gid: UInt32 = 100, groups: [UInt32] = [], _ unit: CallerUnit = .none) -> Caller {
        Caller(uid: uid, gid: gid, groups: groups, pid: 1, unit: unit)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var pattern: PeerPattern
        var caller: Caller
        var matches: Bool
        var testDescription: String { "\(pattern) and \(caller)" }
    }

    static let cases: [Case] = [
        Case(pattern: user(1), caller: peer(1), matches: true),
        Case(pattern: user(1), caller: peer(2), matches: false),
        Case(pattern: user(nil), caller: peer(1), matches: false),
        Case(pattern: group(100), caller: peer(1), matches: true),
        Case(pattern: group(200), caller: peer(1, groups: [50, 200]), matches: true),
        Case(pattern: group(300), caller: peer(1, groups: [50, 200]), matches: false),
        Case(pattern: group(nil), caller: peer(1), matches: false),
        Case(pattern: unit("a.service"), caller: peer(1, .unit("a.service")), matches: true),
        Case(pattern: unit("a.service"), caller: peer(1, .unit("ab.service")), matches: false),
        Case(pattern: unit("a@*.service"), caller: peer(1, .unit("a@7.service")), matches: true),
        Case(pattern: unit("a@*.service"), caller: peer(1, .unit("a@7.service.service")), matches: true),
        Case(pattern: unit("a@*.service"), caller: peer(1, .unit("b@7.service")), matches: false),
        Case(pattern: unit("a.service"), caller: peer(1), matches: false),
        Case(pattern: unit("a.service"), caller: peer(1, .untold), matches: false),
        Case(pattern: user(1), caller: peer(1, .untold), matches: true),
        Case(pattern: unit("a.service"), caller: peer(1, .missed), matches: false),
        Case(pattern: user(1), caller: peer(1, .missed), matches: true),
        Case(pattern: user(1), caller: peer(1, .failed), matches: false),
        Case(pattern: user(0), caller: peer(0, .failed), matches: false),
        Case(pattern: group(100), caller: peer(1, .failed), matches: false),
        Case(pattern: unit("a.service"), caller: peer(1, .failed), matches: false),
        Case(pattern: unit("a.service"), caller: peer(0), matches: false),
        Case(pattern: PeerPattern(user: NamedID(name: "u", id: 1), unit: UnitPattern("a.service")), caller: peer(1, .unit("a.service")), matches: true),
        Case(pattern: PeerPattern(user: NamedID(name: "u", id: 1), unit: UnitPattern("a.service")), caller: peer(2, .unit("a.service")), matches: false),
        Case(pattern: PeerPattern(), caller: peer(1), matches: false),
    ]

    @Test(arguments: cases)
    func `SEC-06 an entry matches when all of its keys hold and at least one is there`(_ test: Case) {
        let policy = Self.policy([AllowEntry(who: test.pattern)])
        let result = policy.authorise(TokenQuery(name: "portal.sync"), for: test.caller)
        #expect(((try? result.get()) != nil) == test.matches)
        #expect(policy.isStranger(test.caller) == (!test.matches && (test.caller.uid != 0 || test.caller.unit == .failed)))
    }

    @Test(arguments: [1, 20], [CallerUnit.none, .untold, .missed, .failed])
    func `SEC-06 whoever is in no known unit gets nothing by a rule for units, however many there are`(_ count: Int, _ unknown: CallerUnit) {
        let patterns = (0..<count).map { Self.unit("a\($0).service") } + [Self.unit("a@*.service")]
        let policy = Self.policy(patterns.map { AllowEntry(who: $0, login: true) }, admins: patterns)
        for (unit, isTold) in [(unknown, false), (.unit("a0.service"), true), (.unit("a@7.service"), true)] {
            let caller = Self.peer(1, unit)
            #expect(((try? policy.authorise(name: "portal.sync", for: caller).get()) != nil) == isTold)
            #expect(((try? policy.authoriseLogin("portal.sync", for: caller).get()) != nil) == isTold)
            #expect((policy.consumer(of: "portal.sync", for: caller) != nil) == isTold)
            #expect(policy.maySignIn(caller) == isTold && policy.isAdmin(caller) == isTold && policy.isStranger(caller) == !isTold)
            #expect(Array(policy.tokens(for: caller)).isEmpty == !isTold)
        }
    }

    @Test func `a rule names whose token it is and where it stands, whatever becomes of the request`() throws {
        let policy = Self.policy([
            AllowEntry(who: Self.unit("a.service"), scopes: [], place: "portal.toml:7"), AllowEntry(who: Self.user(1), place: "portal.toml:8"),
        ])
        for (caller, consumer, rule) in [
            (Self.peer(1, .unit("a.service")), Consumer.unit("a.service"), "portal.toml:7"), (Self.peer(1), .uid(1), "portal.toml:8"),
        ] {
            #expect(policy.consumer(of: "portal.sync", for: caller) == consumer)
            #expect(try policy.authorise(name: "portal.sync", for: caller).get().rule?.description == rule)
        }
        #expect(policy.consumer(of: "portal.sync", for: Self.peer(2)) == nil)
        #expect(policy.consumer(of: "portal.other", for: Self.peer(1)) == nil)
        #expect(policy.inquiry("portal.sync")?.rule == nil)
    }

    @Test(arguments: ["portal.sync", "nobody.home", "not a name"])
    func `whoever connected too early for its unit to be told is not refused for good, whatever it asks for`(_ name: String) {
        let policy = Self.policy([AllowEntry(who: Self.unit("a.service"))])
        let result = policy.authorise(TokenQuery(name: name), for: Self.peer(1, .missed))
        #expect(result == .failure(.connectAgain))
        #expect(policy.authoriseLogin(name, for: Self.peer(1, .missed)).map(\.name) == .failure(.connectAgain))
    }

    @Test(arguments: ["portal.sync", "portal.other", "nobody.home", "not a name", "", "a.b.c"])
    func `SEC-06 a stranger learns nothing from the refusal, whether the name exists or not`(_ name: String) {
        let policy = Self.policy([AllowEntry(who: Self.user(1))])
        guard case .failure(let refusal) = policy.authorise(TokenQuery(name: name), for: Self.peer(2)) else { return #expect(Bool(false)) }
        #expect(refusal == Refusal(.denied, [], "uid 2 may not use \"\(name)\""))
    }

    @Test func `SEC-06 uid 0 gets no token without an entry`() {
        let policy = Self.policy([AllowEntry(who: Self.user(1))])
        #expect(policy.isAdmin(Self.peer(0)))
        #expect((try? policy.authorise(TokenQuery(name: "portal.sync"), for: Self.peer(0)).get()) == nil)
    }

    @Test func `the first entry that matches decides scopes and consumer`() throws {
        let policy = Self.policy([
            AllowEntry(who: Self.unit("a.service"), scopes: ["read"]), AllowEntry(who: Self.user(1)),
        ])
        let unit = try policy.authorise(TokenQuery(name: "portal.sync"), for: Self.peer(1, .unit("a.service"))).get()
        #expect(unit.key.consumer == .unit("a.service") && unit.key.scopes == ["read"])
        let user = try policy.authorise(TokenQuery(name: "portal.sync"), for: Self.peer(1, .unit("b.service"))).get()
        #expect(user.key.consumer == .uid(1) && user.key.scopes == ["read", "update"])
    }

    @Test func `a scope beyond the rule is denied by its name`() {
        let policy = Self.policy([AllowEntry(who: Self.user(1), scopes: ["read"])])
        guard case .failure(let refusal) = policy.authorise(TokenQuery(name: "portal.sync", scopes: ["update"]), for: Self.peer(1)) else {
            return #expect(Bool(false))
        }
        #expect(refusal.code == .denied && refusal.text.contains("\"update\""))
    }

    @Test func `an audience must be a configured one`() {
        let policy = Self.policy([AllowEntry(who: Self.user(1))])
        guard case .failure(let refusal) = policy.authorise(TokenQuery(name: "portal.sync", audience: "x"), for: Self.peer(1)) else {
            return #expect(Bool(false))
        }
        #expect(refusal.code == .refused && refusal.fields == [Field("reason", "audience")])
    }

    @Test func `EXPLAIN says which entry matches, and of the others why not`() {
        let policy = Self.policy([
            AllowEntry(who: Self.unit("a@*.service"), place: "p.toml:3"), AllowEntry(who: Self.group(7), place: "p.toml:4"),
            AllowEntry(who: Self.user(1), scopes: ["read"], place: "p.toml:5"),
        ])
        #expect(
            Array(policy.explain("portal.sync", for: Self.peer(1))) == [
                "p.toml:3: { unit = \"a@*.service\" } does not match: the caller is in no service unit",
                "p.toml:4: { group = \"g\" } does not match: the caller is not in group g (gid 7)",
                "p.toml:5: { user = \"u\" } matches",
                "allowed: consumer uid 1, scopes read",
            ])
        #expect(Array(policy.explain("portal.sync", for: Self.peer(2))).last == "denied: no entry matches uid 2, gid 100, no unit")
        #expect(Array(policy.explain("x.y", for: Self.peer(1))) == ["no token \"x.y\" is configured"])
    }

    @Test func `an echoed name cannot break a line or a terminal`() {
        #expect(quoted("a\nb\u{1B}[2J\"é") == "\"a%0Ab%1B[2J\"%C3%A9\"")
        #expect(quoted(String(repeating: "x", count: 500)).utf8.count < 80)
    }
}
