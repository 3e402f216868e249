import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// Refresh tokens out of use, until their servers have revoked them.
@Suite struct RevocationTests {
    private static let day: Double = 86_400

    private func logout(_ scene: inout GrantScene, _ name: TokenName = GrantScene.user) -> UInt64 {
        scene.request { $0.logout(name, for: GrantScene.alice, waiter: $1, at: $2) }
    }

    /// The server's answer to the last attempt.
    private func answer(_ scene: inout GrantScene, _ outcome: RevocationRequest.Outcome) {
        guard let errand = scene.errands.last else { return #expect(Bool(false), "nothing was sent") }
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(outcome, nil)), at: $1) }
    }

    private func sent(_ scene: GrantScene) -> [String] {
        scene.errands.compactMap { plan in
            guard case .revoke(let secret) = plan.errand else { return nil }
            return secret.withBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    private func told(_ scene: GrantScene) -> [String] {
        scene.events.compactMap { event in
            switch event {
            case .notRevoked(_, let text): text
            case .revoked: "revoked"
            default: nil
            }
        }
    }

    /// Seconds until the next attempt.
    private func wait(_ scene: inout GrantScene, atMost most: Int = 100_000) -> Int? {
        let before = scene.errands.count
        for second in 1...most {
            scene.pass(1)
            scene.due()
            if scene.errands.count > before { return second }
        }
        return nil
    }

    /// A start on what is on the disk now.
    private func restarted(_ scene: GrantScene, seed: UInt64 = 2, clockAhead ahead: Double = 0) -> GrantScene {
        var next = GrantScene(seed: seed)
        next.now = scene.now
        next.now.wall += Int64(ahead)
        next.disk = scene.disk
        next.revocations = scene.revocations
        let found = scene.disk.values.map { Found.record($0, nil) } + scene.revocations.values.map { Found.revocation($0) }
        next.run { $0.restore(found, at: $1) }
        next.run { $0.start(at: $1) }
        return next
    }

    @Test func `REV-05 what is to be revoked is on the disk before the sign-in ends there, and off it once the server has revoked it`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        _ = logout(&scene)
        let kinds = scene.jobs.map { task in if case .writeRevocation = task.job { "revocation" } else { "record" } }
        #expect(kinds == ["revocation", "record"])
        #expect(scene.errands.isEmpty)
        scene.diskAnswer = .success(())
        scene.finishJobs()
        #expect(scene.revocations.values.map(\.secret) == [Secret("refresh-1")])
        answer(&scene, .revoked)
        #expect(scene.revocations.isEmpty && told(scene).isEmpty)
        #expect(wait(&scene) == nil)
    }

    enum End: CaseIterable { case login, logout, importing }

    /// Begins to end the sign-in of `signedIn()`; a new one brings this refresh token.
    private func end(_ scene: inout GrantScene, by end: End, bringing refresh: String = "refresh-2") throws {
        switch end {
        case .login: scene.grant("access-2", refresh: refresh, identity: "m.petrova")
        case .logout: _ = logout(&scene)
        case .importing:
            let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
            _ = scene.request { $0.importToken(settings, Secret(refresh), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        }
    }

    private static func beginning(_ end: End) throws -> GrantScene {
        var scene = GrantScene.signedIn()
        guard end == .login else { return scene }
        _ = try scene.login(1)
        _ = scene.callback(1)
        return scene
    }

    @Test(arguments: End.allCases) func `REV-05 however a sign-in ends, its revocation is given to the disk before the record that ends it`(_ end: End) throws {
        var scene = try Self.beginning(end)
        scene.diskAnswer = nil
        try self.end(&scene, by: end)
        let kinds = scene.jobs.map { task in if case .writeRevocation = task.job { "revocation" } else { "record" } }
        #expect(kinds == ["revocation", "record"])
        scene.finish(scene.jobs.removeFirst())
        #expect(scene.revocations.values.map(\.secret) == [Secret("refresh-1")] && sent(scene).isEmpty)
        scene.finish(scene.jobs.removeFirst())
        #expect(sent(scene) == ["refresh-1"])
    }

    @Test(arguments: [End.login, .importing]) func `a sign-in that brings the refresh token that is in use does not revoke it`(_ end: End) throws {
        var scene = try Self.beginning(end)
        try self.end(&scene, by: end, bringing: "refresh-1")
        #expect(sent(scene).isEmpty && scene.revocations.isEmpty && scene.disk[GrantScene.user]?.grant == 2)
        #expect(wait(&scene, atMost: 100) == nil)
    }

    @Test(arguments: [true, false]) func `a sign-in that is not taken does not revoke the refresh token that is in use`(_ isCancelled: Bool) throws {
        var scene = try Self.beginning(.login)
        if isCancelled { _ = scene.cancel(1) }
        scene.grant("access-2", refresh: "refresh-1", scopes: ["openid", "read", "offline_access"], identity: "m.petrova")
        #expect(sent(scene).isEmpty && scene.revocations.isEmpty)
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
    }

    @Test func `REV-03 a revocation that fails is tried again after 10 s, 20 s and so on, at least once an hour, until the server has it`() throws {
        var scene = GrantScene.signedIn()
        let waiter = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        guard case .signedOut(false, _, let trouble?)? = scene.signIn(waiter) else { return #expect(Bool(false), "not told") }
        #expect(trouble == "the token endpoint answered 503; the server is told again, for 30 d at most")
        var pauses: [Int] = []
        for _ in 1...14 {
            pauses.append(try #require(wait(&scene)))
            answer(&scene, .failed(Scene.unreachable))
        }
        for (pause, base) in zip(pauses, [10, 20, 40, 80, 160, 320, 640, 1280, 2560] + Array(repeating: 3600, count: 5)) {
            #expect((base * 3 / 4...base * 5 / 4 + 1).contains(pause), "\(pauses)")
        }
        #expect(told(scene) == [trouble], "the trouble is told once")
        #expect(wait(&scene) != nil)
        answer(&scene, .revoked)
        #expect(told(scene).last == "revoked" && scene.revocations.isEmpty)
        #expect(Set(sent(scene)) == ["refresh-1"])
        #expect(scene.answers.count == 1, "whoever signed out is answered once")
    }

    @Test func `a second LOGOUT has it tried after the shortest pause, and says what came of the last attempt`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        let early = logout(&scene)
        guard case .signedOut(false, nil, let unheard?)? = scene.signIn(early) else { return #expect(Bool(false), "not told") }
        #expect(unheard.contains("not confirmed yet"))
        for _ in 1...5 {
            answer(&scene, .failed(Scene.busyServer))
            _ = wait(&scene)
        }
        answer(&scene, .failed(Scene.busyServer))
        let late = logout(&scene)
        guard case .signedOut(false, nil, let trouble?)? = scene.signIn(late) else { return #expect(Bool(false), "not told") }
        #expect(trouble.contains("503"))
        #expect(wait(&scene) == 10)
        answer(&scene, .revoked)
        let last = logout(&scene)
        guard case .signedOut(false, nil, nil)? = scene.signIn(last) else { return #expect(Bool(false), "something is left") }
    }

    @Test func `REV-03 a server that names a time is not told before it`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(ExchangeFailure(law: .answered(retryAfter: 500), reach: .server, status: 503, text: "answered 503")))
        for _ in 0..<100 { _ = logout(&scene) }
        #expect(try #require(wait(&scene)) >= 500)
    }

    @Test func `REV-03 a restart goes on with what was not revoked`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        var next = restarted(scene)
        #expect(next.errands.isEmpty)
        #expect(try #require(wait(&next)) <= 60)
        #expect(sent(next) == ["refresh-1"] && next.state == .loginRequired)
        answer(&next, .revoked)
        #expect(told(next) == ["revoked"])
        var last = restarted(next)
        #expect(wait(&last) == nil)
    }

    @Test func `a restart goes on with a sign-out that came to the disk while the daemon stopped`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        _ = logout(&scene)
        scene.run { ledger, _ in ledger.stop() }
        scene.finishJobs()
        #expect(scene.errands.isEmpty)
        var next = restarted(scene)
        #expect(wait(&next) != nil && sent(next) == ["refresh-1"])
    }

    @Test func `a sign-in that goes on is not revoked: the sign-out never came to the disk`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        _ = logout(&scene)
        // the end of the process, after the first of the two jobs
        scene.finish(scene.jobs.removeFirst())
        #expect(scene.revocations.count == 1)
        var next = restarted(scene)
        #expect(wait(&next) == nil && next.revocations.isEmpty)
        #expect(next.state != .loginRequired)
        // the same where the disk refused it
        scene.finish(scene.jobs.removeFirst(), .failure(GrantScene.full))
        scene.finishJobs()
        #expect(scene.revocations.isEmpty && wait(&scene) == nil)
    }

    @Test func `what cannot be opened may be in force still, so nothing is revoked before it is replaced`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        var next = GrantScene(seed: 3)
        next.revocations = scene.revocations
        let found = [Found.locked(GrantScene.user, reason: "no key opens it")] + scene.revocations.values.map { Found.revocation($0) }
        next.run { $0.restore(found, at: $1) }
        #expect(wait(&next) == nil && next.revocations.count == 1)
        let settings = try #require(next.ledger.configuration.tokens[GrantScene.user])
        _ = next.request { $0.importToken(settings, Secret("refresh-7"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(sent(next) == ["refresh-1"])
    }

    @Test func `it is tried no longer than the token lives, and that it is given up is told`() throws {
        var scene = GrantScene.signedIn { _, signIn in signIn.refreshLifetime = 7_200 }
        _ = logout(&scene)
        for _ in 1...20 where !scene.revocations.isEmpty {
            answer(&scene, .failed(Scene.unreachable))
            _ = wait(&scene, atMost: 4_600)
        }
        #expect(scene.now.wall - 1_790_000_000 > 7_200 && scene.now.wall - 1_790_000_000 < 12_000)
        #expect(told(scene).count == 2 && told(scene).last?.hasPrefix("it has ended by itself") == true, "\(told(scene))")
        #expect(wait(&scene) == nil)
    }

    @Test func `nor longer than 30 days where nobody knows its life`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(Scene.unreachable))
        scene.pass(31 * Self.day)
        scene.due()
        #expect(scene.revocations.isEmpty && sent(scene).count == 1)
    }

    @Test func `a start with the clock ahead does not take the end of a token for certain before it has tried for an hour`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        var next = restarted(scene, clockAhead: 60 * Self.day)
        for _ in 1...5 {
            #expect(wait(&next) != nil)
            answer(&next, .failed(Scene.unreachable))
        }
        var mended = next
        mended.now.wall -= Int64(60 * Self.day)
        mended.run { $0.clockStepped(to: $1) }
        mended.pass(7_200)
        mended.due()
        #expect(mended.revocations.count == 1 && sent(mended).count == sent(next).count + 1)
        answer(&mended, .revoked)
        #expect(mended.revocations.isEmpty)
        // where the clock is right, that is all there is to do
        while next.now.boot < scene.now.boot + .seconds(7_200), wait(&next, atMost: 3_600) != nil { answer(&next, .failed(Scene.unreachable)) }
        #expect(next.revocations.isEmpty && told(next).last?.hasSuffix("the server is not told again") == true)
    }

    // MARK: a token that is in force again

    @Test(arguments: ["import", "sign-in", "restart"]) func `a refresh token that is in force again is not revoked`(way: String) throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        switch way {
        case "import":
            let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
            _ = scene.request { $0.importToken(settings, Secret("refresh-1"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        case "sign-in":
            _ = try scene.login(1)
            _ = scene.callback(1)
            scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        default:
            scene.disk[GrantScene.user] = GrantScene.record("refresh-1", generation: 3)
            scene.disk[GrantScene.user]?.grant = 3
            scene = restarted(scene)
        }
        let before = sent(scene).count
        #expect(wait(&scene, atMost: 4_000) == nil && sent(scene).count == before)
        #expect(scene.revocations.isEmpty)
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
    }

    @Test func `a LOGOUT is answered also where its refresh token should have ended by now`() throws {
        var scene = GrantScene.signedIn { _, signIn in signIn.refreshLifetime = 7_200 }
        _ = logout(&scene)
        answer(&scene, .failed(Scene.busyServer))
        scene.pass(7_300)
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
        _ = scene.request { $0.importToken(settings, Secret("refresh-1"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        let waiter = logout(&scene)
        #expect(sent(scene).count == 2)
        answer(&scene, .revoked)
        guard case .signedOut(true, _, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "not answered") }
    }

    @Test func `REV-04 a server that does not revoke is told once, and that is said`() throws {
        var scene = GrantScene.signedIn()
        let waiter = logout(&scene)
        answer(&scene, .unsupported("'https://id.test/revoke' does not revoke refresh tokens"))
        guard case .signedOut(false, _, let trouble?)? = scene.signIn(waiter) else { return #expect(Bool(false), "not told") }
        #expect(trouble.hasSuffix("; the server is not told again"))
        #expect(told(scene) == [trouble] && scene.revocations.isEmpty && wait(&scene) == nil)
    }

    @Test func `a secret that was wrong may be mended: a reload tries again soon`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        for _ in 1...9 {
            answer(&scene, .failed(Scene.wrongSecret))
            #expect(wait(&scene) != nil)
        }
        answer(&scene, .failed(Scene.wrongSecret))
        var configuration = scene.ledger.configuration
        configuration.applications["portal"]?.client.authentication = .post(Secret("the-right-one"))
        scene.run { $0.adopt(configuration, at: $1).turn }
        #expect(try #require(wait(&scene)) <= 11)
        #expect(scene.errands.last?.application.client.authentication == .post(Secret("the-right-one")))
    }

    @Test func `REV-03 a reload does not bring forward an attempt that the server asked to wait for`() throws {
        var scene = GrantScene.signedIn()
        _ = logout(&scene)
        answer(&scene, .failed(ExchangeFailure(law: .answered(retryAfter: 500), reach: .server, status: 503, text: "answered 503")))
        let configuration = scene.ledger.configuration
        scene.run { $0.adopt(configuration, at: $1).turn }
        #expect(try #require(wait(&scene)) >= 500)
    }

    @Test func `the token of a sign-in that another one replaces is told of again too`() throws {
        var scene = GrantScene.signedIn()
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
        _ = scene.request { $0.importToken(settings, Secret("refresh-7"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(sent(scene) == ["refresh-1"])
        answer(&scene, .failed(Scene.busyServer))
        #expect(told(scene).count == 1)
        var next = restarted(scene)
        #expect(wait(&next) != nil && sent(next) == ["refresh-1"])
        try next.get()
        #expect(next.sentToken == "refresh-7")
    }

    @Test func `a disk that does not take it is asked again with each attempt`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        _ = logout(&scene)
        scene.finish(scene.jobs.removeFirst(), .failure(GrantScene.full))
        scene.diskAnswer = .success(())
        scene.finishJobs()
        #expect(scene.revocations.isEmpty && sent(scene) == ["refresh-1"])
        answer(&scene, .failed(Scene.busyServer))
        #expect(scene.revocations.count == 1)
    }

    @Test func `sign-ins that replace each other leave a bounded number of refresh tokens to revoke, and that one is given up is told`() throws {
        var scene = GrantScene.signedIn()
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.user])
        for number in 2...100 {
            _ = scene.request { $0.importToken(settings, Secret("refresh-\(number)"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
            answer(&scene, .failed(Scene.busyServer))
        }
        #expect(scene.revocations.count == Revocations.mostOfOne)
        #expect(told(scene).count { $0.hasPrefix("32 refresh tokens of it wait for their revocation") } == 99 - Revocations.mostOfOne)
        // the last sign-in's own is among those that are left
        #expect(scene.revocations.values.contains { $0.secret == Secret("refresh-99") })
    }

    @Test func `a thousand of them are tried a few at a time`() throws {
        var scene = GrantScene.signedIn()
        let found = (1...1000).map { number in
            Found.revocation(
                Revocation(
                    name: TokenName("gone.user-\(number)")!, server: "https://id.test", clientID: "portal", secret: Secret("old-\(number)"),
                    id: Fingerprint(bits: UInt64(number)), until: scene.now.wall + 86_400))
        }
        scene.run { $0.restore(found, at: $1) }
        var most = 0
        for _ in 1...20_000 where !scene.revocations.isEmpty || scene.errands.count < 1000 {
            scene.pass(1)
            let before = scene.errands.count
            scene.due()
            most = max(most, scene.errands.count - before)
            for errand in scene.errands[before...] { scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(.revoked, nil)), at: $1) } }
        }
        #expect(most <= 8 && scene.errands.count == 1000)
    }

    // MARK: whom it may be sent to

    private func expectSent(_ scene: GrantScene, to issuer: String, _ authentication: ClientAuthentication, _ comment: String) {
        let plan = scene.errands.last
        #expect(sent(scene) == ["refresh-1"], "\(comment)")
        #expect(plan?.application.server.location == .issuer(issuer) && plan?.application.client.id == "portal", "\(comment)")
        #expect(plan?.application.client.authentication == authentication, "\(comment)")
    }

    @Test func `RT-14 only its own server sees it: by the same client of another application, or by the client alone`() throws {
        let secret = Scene.application("portal").client.authentication
        for (comment, change, authentication) in [
            ("unchanged", { _ in }, secret),
            ("moved to another server", { $0.applications["portal"] = Scene.application("portal", issuer: "https://other.test") }, .none),
            (
                "removed",
                {
                    $0.applications = [:]; $0.tokens = [:]
                }, .none
            ),
            (
                "moved to another application",
                {
                    $0.applications["other"] = $0.applications.removeValue(forKey: "portal"); $0.tokens = [:]
                }, secret
            ),
        ] as [(String, (inout Configuration) -> Void, ClientAuthentication)] {
            var scene = GrantScene.signedIn()
            var configuration = scene.ledger.configuration
            change(&configuration)
            scene.run { $0.adopt(configuration, at: $1).turn }
            _ = logout(&scene)
            expectSent(scene, to: "https://id.test", authentication, comment)
        }
    }

    // MARK: what only the store knows

    private func unconfigured(_ scene: GrantScene) -> [String] {
        scene.events.compactMap { event in
            switch event {
            case .unconfigured(_, let text): text
            case .unconfiguredEnded(let token): "end of \(token)"
            default: nil
            }
        }
    }

    /// A reload without any token.
    private func removeAll(_ scene: inout GrantScene) {
        var configuration = scene.ledger.configuration
        (configuration.applications, configuration.tokens) = ([:], [:])
        scene.run { $0.adopt(configuration, at: $1).turn }
    }

    @Test func `REV-05 a token that leaves the configuration is told of, shown, and can be signed out`() throws {
        var scene = GrantScene.signedIn()
        let before = scene.ledger.configuration
        removeAll(&scene)
        let text = "\"portal.user\" is not configured, and a sign-in of \"m.petrova\" lives on at https://id.test; to end it: tokenctl logout portal.user"
        #expect(unconfigured(scene) == [text])
        #expect(scene.ledger.unconfigured == [GrantScene.user])
        #expect(scene.ledger.unconfiguredStatus(of: GrantScene.user).state == .unconfigured)
        #expect(scene.ledger.unconfiguredStatus(of: GrantScene.user).reason == text)
        #expect(scene.ledger.counts(at: scene.now.boot) == [.unconfigured: 1])
        // each reload tells of what is new alone
        removeAll(&scene)
        #expect(unconfigured(scene).count == 1)
        scene.run { $0.adopt(before, at: $1).turn }
        #expect(unconfigured(scene).last == "end of portal.user" && scene.state == .idle)
        removeAll(&scene)
        let waiter = logout(&scene)
        #expect(sent(scene) == ["refresh-1"])
        answer(&scene, .revoked)
        guard case .signedOut(true, nil, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "not revoked") }
        #expect(scene.disk[GrantScene.user]?.kind == .ended)
        #expect(scene.ledger.unconfigured.isEmpty && unconfigured(scene).count == 4)
        // and a start without it tells nothing any more
        #expect(unconfigured(restarted(scene)).isEmpty)
    }

    @Test func `REV-05 the user who signed in sees it too, and nobody else does`() {
        let failed = Caller(uid: 1000, gid: 1000, unit: .failed)
        for (signer, caller, isTheirs) in [
            (1000, GrantScene.alice, true), (1000, GrantScene.reader, false), (nil, GrantScene.alice, false), (1000, failed, false),
            (0, Caller(starting: .unit("a.service"), pid: 1), false),
        ] as [(UInt32?, Caller, Bool)] {
            var record = GrantScene.record()
            record.signer = signer
            var scene = GrantScene.signedIn(record)
            #expect(!scene.ledger.isUnconfigured(GrantScene.user, of: caller) && scene.ledger.unconfigured(of: caller).isEmpty)
            removeAll(&scene)
            #expect(scene.ledger.isUnconfigured(GrantScene.user, of: caller) == isTheirs)
            #expect(scene.ledger.unconfigured(of: caller) == (isTheirs ? [GrantScene.user] : []))
            _ = logout(&scene)
            #expect(!scene.ledger.isUnconfigured(GrantScene.user, of: caller))
        }
    }

    @Test func `a start tells of it anew`() {
        var scene = GrantScene.signedIn()
        removeAll(&scene)
        var next = GrantScene(seed: 2)
        removeAll(&next)
        next.run { $0.restore(scene.disk.values.map { .record($0, nil) }, at: $1) }
        next.run { $0.start(at: $1) }
        #expect(unconfigured(next).count == 1)
    }

    @Test func `a server that wants the client's secret is asked once, and what was not done is said`() throws {
        var scene = GrantScene.signedIn()
        removeAll(&scene)
        let waiter = logout(&scene)
        answer(&scene, .failed(Scene.wrongSecret))
        guard case .signedOut(false, _, let trouble?)? = scene.signIn(waiter) else { return #expect(Bool(false), "not told") }
        #expect(trouble.contains("no longer configured") && trouble.hasSuffix("not told again"))
        #expect(scene.disk[GrantScene.user]?.kind == .ended && scene.revocations.isEmpty)
    }

    @Test func `one whose server is away is told again`() throws {
        var scene = GrantScene.signedIn()
        removeAll(&scene)
        _ = logout(&scene)
        answer(&scene, .failed(Scene.unreachable))
        #expect(wait(&scene) != nil && scene.revocations.count == 1)
    }

    @Test func `a token that is had in another way now leaves its sign-in in the store too`() throws {
        var scene = GrantScene.signedIn()
        var configuration = scene.ledger.configuration
        configuration.tokens[GrantScene.user]?.grant = .clientCredentials
        scene.run { $0.adopt(configuration, at: $1).turn }
        #expect(unconfigured(scene).first?.contains("is had in another way now") == true)
        _ = logout(&scene)
        #expect(sent(scene) == ["refresh-1"])
        let again = logout(&scene)
        #expect(scene.reason(again) == "grant")
    }

    @Test func `an imported token of no configuration is forgotten, and no server is asked`() throws {
        var scene = GrantScene()
        let settings = try #require(scene.ledger.configuration.tokens[GrantScene.pat])
        _ = scene.request { $0.importToken(settings, Secret("enrt_0123456789"), expires: nil, for: GrantScene.alice, waiter: $1, at: $2) }
        removeAll(&scene)
        #expect(unconfigured(scene).first?.contains("imported token") == true)
        let waiter = logout(&scene, GrantScene.pat)
        guard case .signedOut(false, nil, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "not forgotten") }
        #expect(scene.errands.isEmpty && scene.disk[GrantScene.pat]?.kind == .ended)
    }

    // MARK: its bytes

    private static let revocation = Revocation(
        name: GrantScene.user, server: "https://id.test", clientID: "portal", grant: 3, signedIn: 1_790_000_000, secret: Secret("refresh-1"),
        id: Fingerprint(bits: 0x0102), until: 1_792_592_000)

    @Test func `a revocation comes back from its bytes as it was, and from none that are cut off, longer or of a later version`() throws {
        let bytes = StoredRecordTests.plain(try Self.revocation.bytes())
        #expect(try Revocation(bytes: StoredRecordTests.sealed(bytes)) == Self.revocation)
        for count in bytes.indices {
            #expect(throws: RecordDamage.self) { try Revocation(bytes: StoredRecordTests.sealed(Array(bytes[..<count]))) }
        }
        #expect(throws: RecordDamage.excess) { try Revocation(bytes: StoredRecordTests.sealed(bytes + [0])) }
        #expect(throws: RecordDamage.format(2)) { try Revocation(bytes: StoredRecordTests.sealed([2] + bytes.dropFirst())) }
    }
}
