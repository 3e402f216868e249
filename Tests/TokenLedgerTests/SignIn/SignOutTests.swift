import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// LOGOUT and IMPORT.
@Suite struct SignOutTests {
    private func logout(_ scene: inout GrantScene, _ name: TokenName = GrantScene.user) -> UInt64 {
        scene.request { $0.logout(name, for: GrantScene.alice, waiter: $1, at: $2) }
    }

    private func bring(_ token: String, _ scene: inout GrantScene, _ name: TokenName = GrantScene.pat, expires: Expiry? = nil) -> UInt64 {
        let settings = scene.ledger.configuration.tokens[name]!
        return scene.request { $0.importToken(settings, Secret(token), expires: expires, for: GrantScene.alice, waiter: $1, at: $2) }
    }

    @Test func `REV-05 a sign-out is on the disk first, then the server is told, and nothing is served any more`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        scene.diskAnswer = nil
        let waiter = logout(&scene)
        #expect(scene.errands.isEmpty)
        scene.finishJobs()
        let get = try scene.get()
        #expect(scene.reason(get) == "signed-out")
        #expect(scene.disk[GrantScene.user]?.kind == .ended && scene.stored() == "")
        let errand = try #require(scene.errands.last)
        guard case .revoke(let secret) = errand.errand else { return #expect(Bool(false), "not revoked") }
        #expect(secret == Secret("refresh-2"))
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(.revoked, nil)), at: $1) }
        guard case .signedOut(true, nil, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "not signed out") }
    }

    @Test func `REV-03 a revocation that fails is told, and the sign-out stands`() throws {
        var scene = GrantScene.signedIn()
        let waiter = logout(&scene)
        let errand = try #require(scene.errands.last)
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(.failed(Scene.busyServer), nil)), at: $1) }
        guard case .signedOut(false, _, let trouble?)? = scene.signIn(waiter) else { return #expect(Bool(false), "not told") }
        #expect(trouble.contains("503"))
        #expect(scene.state == .loginRequired)
    }

    @Test func `REV-07 SEC-07 only the uid that signed in is given an address that names the person`() throws {
        let admin = Caller(uid: 0, gid: 0, pid: 5)
        for (signer, caller, isNamed) in [
            (1000, GrantScene.alice, true), (1000, admin, false), (1001, GrantScene.alice, false), (nil, GrantScene.alice, false),
        ] {
            var record = GrantScene.record()
            (record.idToken, record.signer) = (Secret("eyJ.e30.c2ln"), signer.map { UInt32($0) })
            var scene = GrantScene.signedIn(record)
            let waiter = scene.request { $0.logout(GrantScene.user, for: caller, waiter: $1, at: $2) }
            let errand = try #require(scene.errands.last)
            let metadata = try GrantScene.metadata()
            scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(.revoked, metadata)), at: $1) }
            guard case .signedOut(true, let url?, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "not signed out") }
            #expect(url == "https://id.test/end?" + (isNamed ? "id_token_hint=eyJ.e30.c2ln" : "client_id=portal"))
        }
    }

    @Test func `a sign-out that the disk does not take changes nothing`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.full)
        let waiter = logout(&scene)
        #expect(scene.reason(waiter) == "store")
        #expect(scene.errands.isEmpty)
        scene.diskAnswer = .success(())
        let get = try scene.get()
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.token(get) != nil)
    }

    @Test func `a sign-out that the disk may have taken revokes nothing before it is there, and nothing is sent meanwhile`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.halfway)
        let waiter = logout(&scene)
        #expect(scene.reason(waiter) == "store")
        let get = try scene.get(wait: 120)
        #expect(scene.errands.isEmpty && scene.plans.isEmpty && scene.answers[get] == nil)
        let again = logout(&scene)
        #expect(scene.refusal(again)?.code == .busy)
        scene.settleDown()
        #expect(scene.disk[GrantScene.user]?.kind == .ended && scene.errands.count == 1)
        #expect(scene.reason(get) == "signed-out")
        #expect(!scene.ledger.isSpending)
    }

    @Test func `an import that the disk may have taken is in force once it is there, and not before`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.halfway)
        let waiter = bring("refresh-7", &scene, GrantScene.user)
        #expect(scene.reason(waiter) == "store")
        #expect(scene.refusal(waiter)?.text.contains("written again") == true)
        #expect(scene.events.contains { if case .storeFailed = $0 { true } else { false } })
        scene.settleDown()
        #expect(scene.events.contains { if case .storeRecovered = $0 { true } else { false } })
        #expect(scene.stored() == "refresh-7")
        try scene.get()
        #expect(scene.sentToken == "refresh-7")
    }

    @Test func `a refresh that was under way brings nothing back after a sign-out`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        _ = logout(&scene)
        scene.grant("access-1", refresh: "refresh-2")
        #expect(scene.disk[GrantScene.user]?.kind == .ended)
        #expect(scene.state == .loginRequired)
        #expect(scene.errands.count == 2)
    }

    /// What is told of a sign-out when the daemon stops before the server has heard of it.
    private func expectUnheard(_ scene: GrantScene, _ waiter: UInt64) {
        guard case .signedOut(false, nil, let trouble?)? = scene.signIn(waiter) else { return #expect(Bool(false), "not answered") }
        #expect(trouble.contains("stops"))
        let told = scene.events.filter { if case .signedOut(GrantScene.user, GrantScene.alice, false, trouble) = $0 { true } else { false } }
        #expect(told.count == 1)
    }

    @Test func `a sign-out that the server has not answered when the daemon stops is answered and told`() throws {
        var scene = GrantScene.signedIn()
        let waiter = logout(&scene)
        let errand = try #require(scene.errands.last)
        #expect(scene.answers[waiter] == nil)
        scene.run { ledger, _ in ledger.stop() }
        expectUnheard(scene, waiter)
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .revoked(.revoked, nil)), at: $1) }
        expectUnheard(scene, waiter)
    }

    @Test func `so is one that comes to the disk when the daemon stops already, and the server is not asked`() {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = nil
        let waiter = logout(&scene)
        scene.run { ledger, _ in ledger.stop() }
        #expect(scene.ledger.isSpending && scene.answers[waiter] == nil)
        scene.finishJobs()
        #expect(scene.errands.isEmpty)
        expectUnheard(scene, waiter)
    }

    @Test func `who waits and who watches hear of a sign-out`() throws {
        var scene = GrantScene.signedIn()
        let query = try scene.ledger.policy.authorise(name: "portal.user", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        let waiter = try scene.get()
        _ = logout(&scene)
        #expect(scene.refusal(waiter)?.code == .loginRequired)
        guard case .trouble(.loginRequired, _)? = scene.rows.last else { return #expect(Bool(false), "no row") }
    }

    @Test func `LOGOUT where nobody is signed in has nothing to do`() {
        var scene = GrantScene()
        let waiter = logout(&scene)
        guard case .signedOut(false, nil, nil)? = scene.signIn(waiter) else { return #expect(Bool(false), "no answer") }
    }

    // MARK: reference tokens

    @Test func `STAT-01 an imported reference token is on the disk before it is served, and nothing is asked of any server`() throws {
        var scene = GrantScene()
        let before = try scene.get(name: GrantScene.pat)
        #expect(scene.refusal(before)?.code == .expired)
        #expect(scene.reason(before) == "not-imported")
        scene.diskAnswer = nil
        let waiter = bring("enrt_0123456789", &scene)
        #expect(scene.answers[waiter] == nil)
        scene.finishJobs()
        guard case .imported? = scene.signIn(waiter) else { return #expect(Bool(false), "not imported") }
        let after = try scene.get(name: GrantScene.pat)
        #expect(scene.token(after)?.token == Secret("enrt_0123456789"))
        #expect(scene.token(after)?.served.expires == .never && scene.token(after)?.served.header == .apiKey)
        #expect(scene.plans.isEmpty && scene.errands.isEmpty)
    }

    @Test func `SEC-13 a reference token is warned about 30, 7 and 1 days ahead, and at its end it is expired`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene, expires: .at(scene.now.wall + 40 * 86_400))
        var told: [Int64] = []
        for _ in 1...41 {
            scene.pass(86_400)
            scene.due()
            for case .endsSoon(GrantScene.pat, _, let left) in scene.events { told.append(left / 86_400) }
            scene.events = []
        }
        #expect(told == [30, 7, 1])
        let waiter = try scene.get(name: GrantScene.pat)
        #expect(scene.refusal(waiter)?.code == .expired)
        #expect(scene.ledger.status(of: GrantScene.pat, at: scene.now).state == .expired)
    }

    @Test func `SEC-13 a reference token is replaced without a restart`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene)
        let first = try scene.get(name: GrantScene.pat)
        _ = bring("enrt_9876543210", &scene)
        let second = try scene.get(name: GrantScene.pat)
        #expect(scene.token(first)?.token == Secret("enrt_0123456789"))
        #expect(scene.token(second)?.token == Secret("enrt_9876543210"))
    }

    @Test func `a promise longer than a reference token lives is refused at once`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene, expires: .at(scene.now.wall + 100))
        let waiter = try scene.get(minValid: 200, name: GrantScene.pat)
        #expect(scene.reason(waiter) == "short-lived")
    }

    @Test func `a reference token follows the wall clock, which alone says when it ends`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene, expires: .at(scene.now.wall + 1000))
        scene.now.wall += 5000
        scene.run { $0.clockStepped(to: $1) }
        scene.due()
        let waiter = try scene.get(name: GrantScene.pat)
        #expect(scene.refusal(waiter)?.code == .expired)
    }

    @Test func `REJECT of a reference token warns and changes nothing`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene)
        try scene.get(name: GrantScene.pat)
        scene.pass(100)
        let query = try scene.ledger.policy.authorise(name: "portal.pat", for: GrantScene.alice).get()
        let (verdict, turn) = scene.ledger.reject(query, id: nil, waiter: 500, at: scene.now)
        guard case .cooling = verdict else { return #expect(Bool(false), "not cooling") }
        #expect(turn.plans.isEmpty)
        #expect(turn.events.count == 1)
        let waiter = try scene.get(name: GrantScene.pat)
        #expect(scene.token(waiter) != nil)
    }

    @Test func `a reference token with an end is looked at again when it ends, and not before`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene, expires: .at(scene.now.wall + 60 * 86_400))
        try scene.get(name: GrantScene.pat)
        for _ in 1...70 {
            scene.due()
            let next = scene.ledger.nextDeadline ?? .max
            #expect(next > scene.now.boot)
            scene.pass(86_400)
        }
        #expect(scene.plans.isEmpty && scene.errands.isEmpty)
    }

    @Test func `a watcher of a reference token hears of the next one after it was signed out`() throws {
        var scene = GrantScene()
        _ = bring("enrt_0123456789", &scene)
        let query = try scene.ledger.policy.authorise(name: "portal.pat", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        _ = logout(&scene, GrantScene.pat)
        _ = bring("enrt_9876543210", &scene)
        guard case .token(let held)? = scene.rows.last else { return #expect(Bool(false), "no row") }
        #expect(held.token == Secret("enrt_9876543210"))
    }

    @Test func `one import at a time: another is told to come again`() {
        var scene = GrantScene()
        scene.diskAnswer = nil
        _ = bring("enrt_0123456789", &scene)
        let second = bring("enrt_9876543210", &scene)
        #expect(scene.refusal(second)?.code == .busy)
    }

    @Test func `what a sign-out revokes is what was in force when it came to the disk`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-2")
        _ = logout(&scene)
        scene.finishJobs()
        let revoked = scene.errands.compactMap { errand in if case .revoke(let secret) = errand.errand { secret } else { nil } }
        #expect(revoked.contains(Secret("refresh-2")))
    }

    @Test func `a sign-out while a refresh waits for its server leaves no trace of it, and the next sign-in works`() throws {
        var scene = GrantScene.signedIn()
        // the server has failed: one exchange at a time is tried
        try scene.get()
        scene.answer(.failure(Scene.unreachable))
        scene.pass(400)
        let waiter = try scene.get()
        _ = logout(&scene)
        scene.answer(.failure(Scene.unreachable))
        scene.pass(1000)
        scene.due()
        #expect(scene.answers[waiter] != nil)
        _ = bring("refresh-9", &scene, GrantScene.user)
        let later = try scene.get()
        scene.grant("access-9", refresh: "refresh-10")
        #expect(scene.token(later)?.token == Secret("access-9"))
    }

    @Test func `an imported refresh token is used like one of a sign-in`() throws {
        var scene = GrantScene()
        _ = bring("refresh-7", &scene, GrantScene.user)
        let waiter = try scene.get()
        #expect(scene.sentToken == "refresh-7")
        scene.grant("access-1", refresh: "refresh-8")
        #expect(scene.token(waiter) != nil && scene.stored() == "refresh-8")
    }

    @Test func `TR-12 a token of any visible characters is imported, but not one in quotation marks`() throws {
        var scene = GrantScene()
        for quoted in ["\"abc\"", "'abc'"] {
            let refused = bring(quoted, &scene)
            #expect(scene.refusal(refused)?.code == .badRequest)
            let asRefreshToken = bring(quoted, &scene, GrantScene.user)
            #expect(scene.refusal(asRefreshToken)?.code == .badRequest)
        }
        _ = bring("0.AXoA!x*y$z", &scene, GrantScene.user)
        try scene.get()
        #expect(scene.sentToken == "0.AXoA!x*y$z")
    }

    @Test func `what is no token is not imported, and ERP.net's must look like one`() {
        var scene = GrantScene()
        let blanks = bring("with blanks in it", &scene)
        #expect(scene.refusal(blanks)?.code == .badRequest)
        let endless = bring("x", &scene, GrantScene.user, expires: .never)
        #expect(scene.refusal(endless)?.code == .badRequest)
        var configuration = scene.ledger.configuration
        configuration.applications["portal"]?.server.location = .erpnet(root: "https://demo.test", issuer: nil)
        scene.run { $0.adopt(configuration, at: $1).turn }
        let waiter = bring("secret-of-something-else", &scene)
        #expect(scene.reason(waiter) == "shape")
    }

    @Test func `REV-05 a stop waits for a code that is with the server, and what it brings is revoked at the next start`() throws {
        var scene = GrantScene()
        _ = try scene.login(1)
        _ = scene.callback(1)
        scene.run { ledger, _ in ledger.stop() }
        #expect(scene.ledger.isSpending)
        scene.diskAnswer = nil
        scene.grant(refresh: "refresh-9", identity: "m.petrova")
        #expect(scene.ledger.isSpending, "the revocation is on its way to the disk")
        scene.finishJobs()
        #expect(!scene.ledger.isSpending && scene.revocations.values.map(\.secret) == [Secret("refresh-9")])
    }
}
