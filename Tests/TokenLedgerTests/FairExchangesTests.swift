import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What one user asks of an identity server neither holds up another user for long nor ends a sign-in.
@Suite struct FairExchangesTests {
    /// Whatever plans come are answered one at a time, the oldest first, as by a slow server.
    struct Server {
        var scene: GrantScene
        var plans: [ExchangePlan] = []
        var begun: [TokenName] = []

        init(_ scene: GrantScene) {
            self.scene = scene
            collect()
        }

        mutating func collect() {
            plans += scene.plans
            begun += scene.plans.map(\.token)
            scene.plans = []
        }

        mutating func answerOne() {
            collect()
            guard !plans.isEmpty else { return }
            let plan = plans.removeFirst()
            var tokens = IssuedTokens(accessToken: Secret("access-\(begun.count)-\(plans.count)"), lifetime: 3600, scopes: nil)
            var successor: String?
            if case .refresh = plan.grant { successor = "refresh-\(begun.count)-\(plans.count)" }
            tokens.refreshToken = successor.map { Secret($0) }
            scene.answer(.success(tokens), successor: successor, to: plan)
            collect()
        }

        /// How many exchanges end until one of this token has begun.
        mutating func turns(until token: TokenName) -> Int {
            for turn in 0..<2_000 {
                collect()
                if begun.contains(token) { return turn }
                answerOne()
            }
            return .max
        }
    }

    static func name(_ number: Int, of application: String = "portal") -> TokenName { TokenName("\(application).m\(number)")! }
    static let own = TokenName("portal.own")!
    static let common = TokenName("portal.common")!
    static let mallory = Caller(uid: 2000, gid: 2000, pid: 20)
    static let many = 400

    /// portal.user of alice; portal.m0 ... for mallory; portal.own for alice; portal.common, one for all, for both.
    static func configuration(_ change: (inout TokenSettings, inout SignInSettings) -> Void = { _, _ in }) -> Configuration {
        var configuration = GrantScene.configuration(change)
        let (alice, mallory) = (NamedID(name: "alice", id: 1000), NamedID(name: "mallory", id: 2000))
        func add(_ name: TokenName, _ users: [NamedID], shared: Bool = false) {
            configuration.tokens[name] = TokenSettings(
                name: name, grant: .clientCredentials, scopes: ["read"], shared: shared, allow: users.map { AllowEntry(who: PeerPattern(user: $0)) })
        }
        for number in 0..<many { add(name(number), [mallory]) }
        add(own, [alice])
        add(common, [alice, mallory], shared: true)
        return configuration
    }

    static func scene(_ change: (inout TokenSettings, inout SignInSettings) -> Void = { _, _ in }) -> GrantScene {
        var scene = GrantScene.signedIn(GrantScene.record(), change)
        scene.run { $0.adopt(configuration(change), at: $1).turn }
        return scene
    }

    /// mallory asks for all that is his.
    private func flood(_ scene: inout GrantScene) throws {
        for number in 0..<Self.many { try scene.get(Self.mallory, wait: 600, name: Self.name(number)) }
    }

    @Test func `400 first fetches of one user delay another's first fetch by a turn`() throws {
        var scene = Self.scene()
        try flood(&scene)
        try scene.get(GrantScene.alice, name: Self.own)
        var server = Server(scene)
        #expect(server.turns(until: Self.own) <= 2)
    }

    @Test func `a token for all that one user has asked for behind 400 others is fetched in the turn of who asks next`() throws {
        var scene = Self.scene()
        try flood(&scene)
        try scene.get(Self.mallory, name: Self.common)
        let waiter = try scene.get(GrantScene.alice, name: Self.common)
        var server = Server(scene)
        #expect(server.turns(until: Self.common) <= 2)
        while server.scene.answers[waiter] == nil, !server.plans.isEmpty { server.answerOne() }
        #expect(server.scene.token(waiter) != nil && server.begun.filter { $0 == Self.common }.count == 1)
    }

    @Test func `400 members of a group are one share beside a named user`() throws {
        var configuration = Self.configuration()
        configuration.tokens[Self.own]?.allow.append(AllowEntry(who: PeerPattern(group: NamedID(name: "staff", id: 50))))
        configuration.limits.membersPerGroup = 1_000
        var scene = GrantScene.signedIn()
        scene.run { $0.adopt(configuration, at: $1).turn }
        for uid in 5_000..<5_400 as Range<UInt32> { try scene.get(Caller(uid: uid, gid: 50, pid: 1), wait: 600, name: Self.own) }
        let waiter = try scene.get(GrantScene.alice, name: Self.own)
        var server = Server(scene)
        for _ in 0..<12 { server.answerOne() }
        #expect(server.scene.token(waiter) != nil)
    }

    @Test func `a refresh token that ends with its access token is used beside 400 first fetches`() throws {
        var scene = Self.scene { $1.refreshDiesWithToken = true }
        scene.grant("access-1", refresh: "refresh-2", life: 12)
        scene.plans = []
        try flood(&scene)
        scene.pass(10)
        scene.due()
        var server = Server(scene)
        #expect(server.turns(until: GrantScene.user) <= 1)
    }

    @Test func `so is one that somebody else has asked for behind 400 others`() throws {
        var scene = Self.scene {
            $1.refreshDiesWithToken = true
            $0.allow.append(AllowEntry(who: PeerPattern(user: NamedID(name: "mallory", id: 2000))))
        }
        scene.grant("access-1", refresh: "refresh-2", life: 12)
        scene.plans = []
        try flood(&scene)
        try scene.get(Self.mallory, minValid: 11, wait: 600)
        scene.pass(10)
        scene.due()
        var server = Server(scene)
        #expect(server.turns(until: GrantScene.user) <= 1)
    }

    @Test func `a refresh token that would die of idleness is used beside 400 first fetches`() throws {
        var scene = Self.scene { $1.refreshIdle = 1_000 }
        try flood(&scene)
        scene.pass(510)
        scene.due()
        var server = Server(scene)
        #expect(server.turns(until: GrantScene.user) <= 1)
    }

    @Test func `a token that is in use is renewed before its end beside 400 first fetches`() throws {
        var scene = Self.scene()
        let waiter = try scene.get(GrantScene.alice, name: Self.own)
        var server = Server(scene)
        server.answerOne()
        #expect(server.scene.token(waiter) != nil)
        try server.scene.get(GrantScene.alice, name: Self.own)
        server.scene.pass(3_000)
        try flood(&server.scene)
        server.collect()
        server.begun = []
        server.scene.pass(400)
        server.scene.due()
        #expect(server.turns(until: Self.own) <= 2)
    }

    @Test func `of what waits for one refresh token, one user's many variants delay another's by a turn`() throws {
        // as many as the budget of one caller allows at once
        let extra = (0..<1 + Budget.burst).map { "s\($0)" }
        var scene = Self.scene {
            $1.narrow = true
            $0.scopes += extra
            $0.allow[0].scopes = nil
            $0.allow.append(AllowEntry(who: PeerPattern(user: NamedID(name: "mallory", id: 2000))))
        }
        let crowd = try extra.map { try scene.get(Self.mallory, wait: 600, scopes: [$0]) }
        let waiter = try scene.get(GrantScene.alice, scopes: ["read"])
        #expect(scene.plans.count == 1)
        var server = Server(scene)
        for _ in 0..<3 { server.answerOne() }
        #expect(server.scene.token(waiter) != nil)
        while !server.plans.isEmpty { server.answerOne() }
        #expect(crowd.allSatisfy { server.scene.token($0) != nil } && server.scene.ledger.check() == [])
    }

    @Test func `what was tried in vain is tried again in the turns of those who wait for it`() throws {
        var scene = Self.scene()
        let waiter = try scene.get(GrantScene.alice, name: Self.common)
        let plan = try #require(scene.plans.last)
        scene.answer(.failure(Scene.garbled), to: plan)
        #expect(scene.refusal(waiter) != nil)
        scene.plans = []
        let again = try scene.get(GrantScene.alice, name: Self.common)
        try flood(&scene)
        scene.pass(2)
        scene.due()
        var server = Server(scene)
        #expect(server.turns(until: Self.common) <= 2)
        while server.scene.answers[again] == nil, !server.plans.isEmpty { server.answerOne() }
        #expect(server.scene.token(again) != nil)
    }

    @Test func `a server with nothing under way gets the next place where all places are taken`() throws {
        var configuration = Configuration()
        let mallory = AllowEntry(who: PeerPattern(user: NamedID(name: "mallory", id: 2000)))
        for server in 0..<30 {
            configuration.applications["app\(server)"] = Scene.application("app\(server)", issuer: "https://id\(server).test")
            for number in 0..<16 {
                let name = Self.name(number, of: "app\(server)")
                configuration.tokens[name] = TokenSettings(name: name, grant: .clientCredentials, scopes: ["read"], allow: [mallory])
            }
        }
        var scene = GrantScene()
        scene.run { $0.adopt(configuration, at: $1).turn }
        for server in 0..<29 { for number in 0..<16 { try scene.get(Self.mallory, wait: 600, name: Self.name(number, of: "app\(server)")) } }
        #expect(scene.plans.count == ExchangeScheduler.mostInFlight)
        for server in 0..<29 where !scene.plans.contains(where: { $0.token.application == "app\(server)" }) {
            // these have places by now, and wait again
            let plan = scene.plans.removeFirst()
            scene.answer(.success(Scene.tokens()), to: plan)
        }
        let last = Self.name(0, of: "app29")
        try scene.get(Self.mallory, name: last)
        var server = Server(scene)
        #expect(server.turns(until: last) <= 30)
    }

    @Test func `what waits for a token that a reload removes waits no longer`() throws {
        var scene = Self.scene()
        try flood(&scene)
        #expect(scene.ledger.exchanges.isQueued(CacheKey(token: Self.name(399), consumer: .uid(2000), scopes: ["read"], audience: nil)))
        scene.run { $0.adopt(GrantScene.configuration(), at: $1).turn }
        #expect(scene.ledger.exchanges.serversInTurn().isEmpty)
    }
}
