import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What a restart makes of the access tokens that outlived the process.
@Suite struct ResumptionTests {
    /// What would be in the memory after these events: the newest of each key.
    private struct Memory {
        var tokens: [CacheKey: KeptToken] = [:]

        mutating func follow(_ ledger: inout Ledger) {
            for (key, token) in ledger.takeKeepings() { tokens[key] = token }
        }
    }
    private var memory = Memory()

    /// The next daemon on the same clock.
    private mutating func restarted(_ scene: inout Scene, _ configuration: Configuration = Scene.configuration()) -> Scene {
        memory.follow(&scene.ledger)
        var next = Scene(configuration, seed: 2)
        next.now = scene.now
        _ = next.ledger.resume(Array(memory.tokens.values), at: next.now)
        memory.follow(&next.ledger)
        return next
    }

    @Test mutating func `a token that is held goes on over a restart, word for word, and no server is asked`() throws {
        var scene = Scene()
        try scene.obtain(id: 5)
        scene.pass(100)
        var next = restarted(&scene)
        let (before, after) = (try scene.get(), try next.get())
        let (held, resumed) = (try #require(before.1.token(before.0)), try #require(after.1.token(after.0)))
        #expect(after.1.plans.isEmpty)
        #expect(resumed.token == held.token)
        #expect((resumed.id, resumed.expires, resumed.until, resumed.scopes) == (held.id, held.expires, held.until, held.scopes))
        #expect(next.state() == .ready)
    }

    @Test mutating func `each consumer has its own again`() throws {
        var scene = Scene()
        try scene.obtain(id: 1, by: Scene.script)
        try scene.obtain(id: 2, by: Scene.unit)
        try scene.obtain(id: 3, by: Scene.other)
        var next = restarted(&scene)
        for (caller, id) in [(Scene.script, 1), (Scene.unit, 2), (Scene.other, 3)] as [(Caller, UInt64)] {
            let (waiter, turn) = try next.get(by: caller)
            #expect(turn.token(waiter)?.id == Fingerprint(bits: id))
        }
    }

    @Test mutating func `what ended while no daemon ran is not brought back`() throws {
        var scene = Scene()
        try scene.obtain(life: 60)
        memory.follow(&scene.ledger)
        scene.pass(61)
        var next = restarted(&scene)
        #expect(try next.get().1.plans.count == 1)
        #expect(memory.tokens.isEmpty)
    }

    @Test mutating func `a wall clock that was set meanwhile moves the end that callers are told, and no more`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(100)
        scene.now.wall += 86_400
        var next = restarted(&scene)
        let (waiter, turn) = try next.get()
        let held = try #require(turn.token(waiter))
        #expect(held.expires == .at(next.now.wall + 3500))
        #expect(held.until == next.now.boot + .seconds(3500))
    }

    @Test mutating func `a token from a time that has not come is of another boot`() throws {
        var scene = Scene()
        try scene.obtain()
        memory.follow(&scene.ledger)
        scene.now = Moment(boot: .seconds(5), wall: scene.now.wall + 60)
        var next = restarted(&scene)
        #expect(try next.get().1.plans.count == 1)
    }

    @Test mutating func `what is in use is renewed as before, in its time`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(1000)
        var next = restarted(&scene)
        #expect(next.due().plans.isEmpty)
        next.pass(2310)
        #expect(next.due().plans.count == 1)
    }

    @Test mutating func `what became due while no daemon ran is spread over what is left of its life`() throws {
        var starts: Set<Int64> = []
        for seed in 1...20 as ClosedRange<UInt64> {
            var scene = Scene()
            try scene.obtain(life: 3600)
            memory.follow(&scene.ledger)
            scene.pass(3400)
            var next = Scene(seed: seed)
            next.now = scene.now
            _ = next.ledger.resume(Array(memory.tokens.values), at: next.now)
            let deadline = try #require(next.ledger.nextDeadline)
            #expect((next.now.boot...next.now.boot + .seconds(100)).contains(deadline))
            starts.insert(deadline)
        }
        #expect(starts.count == 20)
    }

    @Test mutating func `an unused token is not renewed because of a restart`() throws {
        var scene = Scene()
        try scene.obtain(life: 3600)
        scene.pass(3330)
        let renewal = try #require(scene.due().plans.first)
        _ = scene.settle(renewal, .success(Scene.tokens("second")), id: 2)
        var next = restarted(&scene)
        next.pass(3500)
        #expect(next.due().plans.isEmpty)
        // until somebody is handed it
        _ = try scene.get()
        memory.follow(&scene.ledger)
        #expect(memory.tokens.values.first?.isAsked == true)
    }

    @Test mutating func `ERR-08 a token that an API did not take does not come back`() throws {
        var scene = Scene()
        try scene.obtain()
        memory.follow(&scene.ledger)
        scene.pass(60)
        let query = try scene.authorised(Scene.query(), Scene.script)
        let (verdict, turn) = scene.ledger.reject(query, id: nil, waiter: 90, at: scene.now)
        guard case .renewing = verdict else { return #expect(Bool(false), "\(verdict)") }
        memory.follow(&scene.ledger)
        #expect(memory.tokens.isEmpty)
        // nor where this process goes on handing it out, for want of another
        _ = scene.settle(try #require(turn.plans.first), .failure(Scene.busyServer))
        _ = try scene.get()
        memory.follow(&scene.ledger)
        #expect(memory.tokens.isEmpty)
    }

    @Test(arguments: [0, 29, 60])
    mutating func `ERR-08 nor does one that was not renewed at once, because it is young or its server is away`(_ age: Double) throws {
        var scene = Scene()
        try scene.obtain()
        let query = try scene.authorised(Scene.query(), Scene.script)
        if age == 60 {
            // the last renewal failed, and the next try is not due
            scene.pass(3330)
            _ = scene.settle(try #require(scene.due().plans.first), .failure(Scene.busyServer))
        } else {
            scene.pass(age)
        }
        memory.follow(&scene.ledger)
        #expect(memory.tokens.count == 1)
        let (verdict, turn) = scene.ledger.reject(query, id: nil, waiter: 90, at: scene.now)
        guard case .cooling = verdict else { return #expect(Bool(false), "\(verdict)") }
        #expect(turn.plans.isEmpty)
        var next = restarted(&scene)
        #expect(try next.get().1.plans.count == 1)
    }

    @Test mutating func `REJECT after a restart means the token that was handed out before it`() throws {
        var scene = Scene()
        try scene.obtain(id: 5)
        scene.pass(60)
        var next = restarted(&scene)
        let query = try next.authorised(Scene.query(), Scene.script)
        let (verdict, turn) = next.ledger.reject(query, id: nil, waiter: 90, at: next.now)
        guard case .renewing = verdict else { return #expect(Bool(false), "\(verdict)") }
        #expect(turn.plans.count == 1)
    }

    @Test mutating func `a renewal takes the place of what was kept before`() throws {
        var scene = Scene()
        try scene.obtain(id: 1)
        memory.follow(&scene.ledger)
        scene.pass(3330)
        _ = scene.settle(try #require(scene.due().plans.first), .success(Scene.tokens("second")), id: 2)
        memory.follow(&scene.ledger)
        #expect(memory.tokens.values.map(\.held.id) == [Fingerprint(bits: 2)])
    }

    // MARK: another configuration

    static let changes: [(String, @Sendable (inout Configuration) -> Void)] = [
        ("another issuer", { $0.applications["portal"] = Scene.application("portal", issuer: "https://other.test") }),
        ("another client", { $0.applications["portal"]?.client.id = "other" }),
        ("another token endpoint", { $0.applications["portal"]?.server.endpoints.token = "https://id.test/token" }),
        ("another header", { $0.tokens[Scene.sync]?.header = .apiKey }),
        ("fewer scopes", { $0.tokens[Scene.sync]?.scopes = ["read"] }),
        ("an audience", { $0.tokens[Scene.sync]?.audiences = ["https://api.test"] }),
        ("one token for all", { $0.tokens[Scene.sync]?.shared = true }),
        ("no rule for this user", { $0.tokens[Scene.sync]?.allow.removeAll { $0.who.user?.id == 1000 } }),
        ("a rule with less for this user", { $0.tokens[Scene.sync]?.allow[1].scopes = ["read"] }),
        ("no such token", { $0.tokens = [:] }),
    ]

    @Test(arguments: changes.map(\.0)) mutating func `what the configuration would not get in the same way any more is let go`(_ change: String) throws {
        var scene = Scene()
        try scene.obtain()
        var configuration = Scene.configuration()
        try #require(Self.changes.first { $0.0 == change }).1(&configuration)
        memory.follow(&scene.ledger)
        let next = restarted(&scene, configuration)
        #expect(next.ledger.cache.hasNothing)
        #expect(memory.tokens.isEmpty)
    }

    static let harmless: [(String, @Sendable (inout Configuration) -> Void)] = [
        ("the scopes in another order", { $0.tokens[Scene.sync]?.scopes.reverse() }),
        ("another timeout", { $0.applications["portal"]?.server.timeout = 7 }),
        ("a proxy", { $0.applications["portal"]?.server.proxy = ProxySettings(url: "http://proxy.test:3128") }),
        (
            "a proxy with a password",
            {
                let login = ProxySettings.Login(user: "tokend", password: Secret("pass"))
                $0.applications["portal"]?.server.proxy = ProxySettings(url: "http://proxy.test:3128", login: login)
            }
        ),
        ("a new client secret", { $0.applications["portal"]?.client.authentication = .post(Secret("a-new-secret")) }),
        ("another authority", { $0.applications["portal"]?.server.caFile = "/etc/ssl/other.pem" }),
        ("a rule for somebody else", { $0.tokens[Scene.sync]?.allow.remove(at: 0) }),
        ("another promise", { $0.tokens[Scene.sync]?.minValid = 120 }),
    ]

    @Test(arguments: harmless.map(\.0)) mutating func `what has nothing to do with the token costs no exchange`(_ change: String) throws {
        var scene = Scene()
        try scene.obtain()
        var configuration = Scene.configuration()
        try #require(Self.harmless.first { $0.0 == change }).1(&configuration)
        var next = restarted(&scene, configuration)
        let (waiter, turn) = try next.get()
        #expect(turn.token(waiter) != nil)
    }

    // MARK: a reload

    /// A held token, and then a reload with another configuration. `kept` is what a crash would leave to the next start.
    private mutating func reload(_ change: (inout Configuration) -> Void) throws -> (scene: Scene, kept: [CacheKey: KeptToken]) {
        var scene = Scene()
        try scene.obtain(id: 5)
        scene.pass(100)
        var configuration = Scene.configuration()
        change(&configuration)
        _ = scene.ledger.adopt(configuration, at: scene.now)
        memory.follow(&scene.ledger)
        return (scene, memory.tokens)
    }

    // of rules alone nothing is let go: who may have a token is asked at each request
    @Test(arguments: changes.map(\.0).filter { !$0.hasSuffix("for this user") })
    mutating func `a reload lets go of what a restart would let go of`(_ change: String) throws {
        let (scene, kept) = try reload(try #require(Self.changes.first { $0.0 == change }).1)
        #expect(scene.ledger.cache.hasNothing)
        #expect(kept.isEmpty)
    }

    @Test(arguments: harmless.map(\.0)) mutating func `a reload goes on with every token that a restart would go on with`(_ change: String) throws {
        var (scene, kept) = try reload(try #require(Self.harmless.first { $0.0 == change }).1)
        let (waiter, turn) = try scene.get()
        #expect(turn.token(waiter)?.id == Fingerprint(bits: 5) && turn.plans.isEmpty)
        // and the next restart with this one
        #expect(kept.values.map(\.held.id) == [Fingerprint(bits: 5)])
        var next = restarted(&scene, scene.ledger.configuration)
        let (later, after) = try next.get()
        #expect(after.token(later)?.id == Fingerprint(bits: 5))
    }

    @Test func `a sign-in's access token goes on over a reload that leaves the sign-in as it is`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        var configuration = scene.ledger.configuration
        configuration.applications["portal"]?.server.timeout = 7
        configuration.tokens[GrantScene.user]?.scopes.reverse()
        scene.run { $0.adopt(configuration, at: $1).turn }
        let waiter = try scene.get()
        #expect(scene.token(waiter)?.token == Secret("access-1"))
    }

    // MARK: sign-ins

    private func kept(of scene: inout GrantScene) -> [KeptToken] { scene.ledger.takeKeepings().compactMap(\.token) }

    @Test func `the access token of a sign-in goes on as long as it is that sign-in`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        let tokens = kept(of: &scene)
        #expect(tokens.count == 1)
        let record = try #require(scene.disk[GrantScene.user])
        for (found, count) in [(record, 1), (record.with { $0.grant += 1 }, 0), (record.with { ($0.kind, $0.secret) = (.ended, Secret("")) }, 0)] {
            var next = GrantScene()
            next.run { $0.restore([.record(found, nil)], at: $1) }
            #expect(next.ledger.resume(tokens, at: scene.now) == count)
        }
        var nobody = GrantScene()
        #expect(nobody.ledger.resume(tokens, at: scene.now) == 0)
    }

    @Test func `a sign-out takes the access token out of the memory`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        _ = kept(of: &scene)
        scene.run { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: 70, at: $1) }
        let after = scene.ledger.takeKeepings()
        #expect(after.map(\.key.token) == [GrantScene.user])
        #expect(after.allSatisfy { $0.token == nil })
    }

    @Test func `what a refresh brings while the daemon stops is there for the next`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.run { ledger, _ in ledger.stop() }
        scene.grant("access-1", refresh: "refresh-2")
        #expect(kept(of: &scene).map(\.held.token) == [Secret("access-1")])
    }
}

extension StoredRecord {
    fileprivate func with(_ change: (inout StoredRecord) -> Void) -> StoredRecord {
        var record = self
        change(&record)
        return record
    }
}
