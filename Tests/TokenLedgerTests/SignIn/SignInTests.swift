import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// From LOGIN to a person who is signed in.
@Suite struct SignInTests {
    private static let uri = "http://127.0.0.1:53177/callback"

    private func entropy(_ number: UInt64 = 1) -> SignInEntropy {
        SignInEntropy(
            id: LoginID(number, number), state: Secret("state-\(number)"), nonce: Secret("nonce-\(number)"), verifier: Secret("verifier-\(number)"),
            challenge: "challenge-\(number)")
    }

    private func metadata() throws -> ServerMetadata {
        var pinned = PinnedEndpoints()
        (pinned.token, pinned.authorization, pinned.jwks) = ("https://id.test/token", "https://id.test/authorize", "https://id.test/keys")
        var server = MetadataCache(ServerSettings(location: .issuer("https://id.test"), endpoints: pinned))
        switch server.ask(at: 0) {
        case .ready(let metadata): return metadata
        case .send, .underway, .failed: break
        }
        let document = #"{"issuer":"https://id.test","token_endpoint":"https://id.test/token","authorization_endpoint":"https://id.test/authorize"}"#
        guard
            case .settled(.success(let metadata)) = server.receive(
                .response(EndpointResponse(status: 200, body: Secret(document))), at: 0, wall: 0)
        else { throw Missing() }
        return metadata
    }
    private struct Missing: Error {}

    /// LOGIN and the server's metadata: the waiter of LOGIN.
    private func begin(
        _ scene: inout GrantScene, _ number: UInt64 = 1, by caller: Caller = GrantScene.alice, redirectURI: String? = nil, confirmsFirst: Bool = false
    ) throws -> UInt64 {
        let settings = try scene.ledger.policy.authoriseLogin("portal.user", for: caller).get()
        let entropy = entropy(number)
        let waiter = scene.request {
            $0.login(settings, redirectURI: redirectURI, confirmsFirst: confirmsFirst, for: caller, entropy, waiter: $1, at: $2)
        }
        if let errand = scene.errands.popLast() {
            let metadata = try metadata()
            scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        }
        return waiter
    }

    private func callback(_ scene: inout GrantScene, _ answer: String, _ number: UInt64 = 1, by caller: Caller = GrantScene.alice) -> UInt64 {
        scene.request { $0.callback(LoginID(number, number), Secret(answer), for: caller, waiter: $1, at: $2) }
    }

    @Test func `LOGIN gives the address to open, and for ten minutes its answer is taken`() throws {
        var scene = GrantScene()
        let waiter = try begin(&scene)
        guard case .began(let id, let url, let expires)? = scene.signIn(waiter) else { return #expect(Bool(false), "not begun") }
        #expect(id == LoginID(1, 1))
        #expect(url.hasPrefix("https://id.test/authorize?response_type=code&client_id=portal&"))
        #expect(url.contains("state=state-1") && url.contains("code_challenge=challenge-1") && url.contains("code_challenge_method=S256"))
        #expect(!url.contains("verifier"))
        #expect(expires == scene.now.wall + 600)
    }

    @Test func `AC-10 AC-12 the code is redeemed with what this sign-in began with, and the person is signed in once it is on the disk`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        guard case .authorizationCode(let code, Self.uri, let verifier)? = scene.plans.last?.grant else { return #expect(Bool(false), "no code was sent") }
        #expect(code == Secret("abc") && verifier == Secret("verifier-1"))
        scene.diskAnswer = nil
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        #expect(scene.answers[waiter] == nil)
        scene.finishJobs()
        guard case .signedIn(let signedIn)? = scene.signIn(waiter) else { return #expect(Bool(false), "not signed in") }
        #expect(signedIn == SignedIn(person: Person(subject: "m.petrova"), until: nil, unrenewable: nil))
        #expect(scene.stored() == "refresh-1")
        scene.diskAnswer = .success(())
        let get = try scene.get()
        #expect(scene.token(get)?.token == Secret("access-1"))
        #expect(scene.events.contains { if case .signedIn(GrantScene.user, _, "m.petrova", let caller?, nil, true) = $0 { caller.uid == 1000 } else { false } })
    }

    @Test func `AC-05 an answer with another state leaves the sign-in waiting, and nothing is sent`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        for answer in ["code=abc&state=other", "code=abc", "", "nonsense"] {
            let waiter = callback(&scene, answer)
            #expect(scene.reason(waiter) == "state")
        }
        #expect(scene.plans.isEmpty)
        _ = callback(&scene, "code=abc&state=state-1")
        #expect(scene.plans.count == 1)
    }

    @Test func `AC-05 twenty strays end a sign-in`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        for _ in 1...20 { _ = callback(&scene, "code=abc&state=other") }
        let waiter = callback(&scene, "code=abc&state=state-1")
        #expect(scene.refusal(waiter)?.code == .denied)
        #expect(scene.plans.isEmpty)
    }

    @Test func `AC-13 a code is redeemed once: a second answer is refused while the first is with the server, and after it`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        let second = callback(&scene, "code=abc&state=state-1")
        #expect(scene.reason(second) == "answered")
        scene.answer(.failure(GrantScene.invalidGrant))
        let third = callback(&scene, "code=abc&state=state-1")
        #expect(scene.refusal(third)?.code == .denied)
        #expect(scene.plans.count == 1)
    }

    @Test func `SEC-06 nobody else can answer for a sign-in, or learn that there is one`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let other = callback(&scene, "code=abc&state=state-1", by: GrantScene.stranger)
        let none = callback(&scene, "code=abc&state=state-1", 2, by: GrantScene.stranger)
        #expect(scene.refusal(other) == scene.refusal(none))
        #expect(scene.plans.isEmpty)
    }

    @Test func `AC-17 a refused consent ends the sign-in with a sentence, and what was held before is still held`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        let waiter = callback(&scene, "error=access_denied&state=state-1")
        #expect(scene.refusal(waiter)?.code == .loginRequired)
        #expect(scene.refusal(waiter)?.fields.contains(Field("oauth-error", "access_denied")) == true)
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `AC-19 a sign-in is over after ten minutes, whoever waits for it`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let waiting = scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: 600, at: $2) }
        scene.pass(601)
        scene.due()
        #expect(scene.reason(waiting) == "login-expired" || scene.refusal(waiting)?.code == .timeout)
        let late = callback(&scene, "code=abc&state=state-1")
        #expect(scene.refusal(late)?.code == .denied)
    }

    @Test func `as many requests may wait for the end of a sign-in as fit; the next is told to come again, and each goes by itself`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        func wait(_ scene: inout GrantScene) -> UInt64 {
            scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: 600, at: $2) }
        }
        let waiters = (0..<PendingLogins.mostWaiters).map { _ in wait(&scene) }
        let late = wait(&scene)
        #expect(scene.refusal(late)?.code == .busy)
        scene.ledger.withdraw(waiter: waiters[3])
        let next = wait(&scene)
        #expect(scene.answers[next] == nil, "one has gone, so there is room")
        _ = callback(&scene, "error=access_denied&state=state-1")
        #expect(scene.answers[waiters[3]] == nil, "whoever has gone is told nothing")
        for waiter in waiters where waiter != waiters[3] { #expect(scene.refusal(waiter)?.code == .loginRequired) }
        #expect(scene.refusal(next)?.code == .loginRequired)
        #expect(scene.ledger.nextDeadline.map { $0 > scene.now.boot + .seconds(600) } ?? true, "nobody's end is waited for any more")
    }

    @Test func `AWAIT with wait=0 is answered at once and takes no place among those who wait`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        func wait(_ scene: inout GrantScene, _ seconds: Int) -> UInt64 {
            scene.request { $0.awaitLogin(LoginID(1, 1), for: GrantScene.alice, waiter: $1, wait: seconds, at: $2) }
        }
        for _ in 0...PendingLogins.mostWaiters {
            let waiter = wait(&scene, 0)
            #expect(scene.refusal(waiter)?.code == .timeout)
        }
        let patient = wait(&scene, 1)
        #expect(scene.answers[patient] == nil)
        scene.pass(1)
        scene.due()
        #expect(scene.refusal(patient)?.code == .timeout)
        _ = callback(&scene, "code=abc&state=state-1")
        #expect(scene.plans.count == 1, "the sign-in goes on")
    }

    @Test func `AC-19 a code that is with the server when the ten minutes end is waited for`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        scene.pass(590)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.pass(11)
        scene.due()
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        #expect(signedInSubject(scene, waiter) == "m.petrova")
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `HYB-08 a refresh token that comes beside an ID token that is not believed is revoked`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.answer(.failure(ExchangeFailure(IDTokenProblem.signature)), successor: "refresh-1")
        #expect(scene.refusal(waiter)?.code == .refused)
        #expect(revoked(scene) == ["refresh-1"])
        #expect(scene.disk.isEmpty)
    }

    @Test func `AC-28 another person than before is not stored until the word is given`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-9", refresh: "refresh-9", identity: "i.ivanov")
        #expect(question(scene, waiter) == [Person(subject: "i.ivanov"), Person(subject: "m.petrova")])
        #expect(scene.stored() == "refresh-1")
        let confirmed = scene.request { $0.confirm(LoginID(1, 1), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(signedInSubject(scene, confirmed) == "i.ivanov")
        #expect(scene.stored() == "refresh-9")
        #expect(revoked(scene) == ["refresh-1"])
    }

    @Test func `AC-28 the first person is not stored until the word is given, where LOGIN asked for that`() throws {
        var scene = GrantScene()
        _ = try begin(&scene, confirmsFirst: true)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", identity: "mallory")
        #expect(question(scene, waiter) == [Person(subject: "mallory"), nil])
        #expect(scene.disk.isEmpty)
        let early = try scene.get()
        #expect(scene.reason(early) == "no-sign-in")
        let confirmed = scene.request { $0.confirm(LoginID(1, 1), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(signedInSubject(scene, confirmed) == "mallory" && scene.stored() == "refresh-1")
        #expect(scene.disk[GrantScene.user]?.signer == 1000)
    }

    @Test func `AC-28 the same person as before is not asked about, nor is one whom the server does not name`() throws {
        for identity in ["m.petrova", nil] {
            var scene = identity == nil ? GrantScene() : GrantScene.signedIn()
            _ = try begin(&scene, confirmsFirst: true)
            let waiter = callback(&scene, "code=abc&state=state-1")
            scene.grant("access-2", refresh: "refresh-2", identity: identity)
            #expect(question(scene, waiter) == nil && scene.stored() == "refresh-2")
        }
    }

    @Test func `AC-28 after a sign-out it is still known who was signed in`() throws {
        var scene = GrantScene.signedIn()
        _ = scene.request { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: $1, at: $2) }
        scene.errands = []
        _ = try begin(&scene, confirmsFirst: true)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-2", refresh: "refresh-2", identity: "mallory")
        #expect(question(scene, waiter) == [Person(subject: "mallory"), Person(subject: "m.petrova")])
    }

    @Test func `AC-28 the same subject at another server is another person`() throws {
        var record = GrantScene.record()
        record.binding.server = "https://other.test"
        var scene = GrantScene.signedIn(record)
        _ = try begin(&scene, confirmsFirst: true)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        #expect(question(scene, waiter) == [Person(subject: "m.petrova"), nil])
    }

    @Test func `AC-28 tokens of another person that nobody confirms are revoked after ten minutes`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-9", refresh: "refresh-9", identity: "i.ivanov")
        scene.pass(601)
        scene.due()
        #expect(revoked(scene) == ["refresh-9"])
        #expect(scene.stored() == "refresh-1")
        let late = scene.request { $0.confirm(LoginID(1, 1), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(scene.refusal(late)?.code == .denied)
    }

    @Test func `the grant that a new sign-in replaces is revoked once the new one is on the disk`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.diskAnswer = nil
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        #expect(revoked(scene).isEmpty)
        scene.finishJobs()
        #expect(revoked(scene) == ["refresh-1"])
        #expect(scene.disk[GrantScene.user]?.grant == 2)
    }

    @Test func `a sign-in that the disk does not take is refused, its token revoked, and the old one stays`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.diskAnswer = .failure(GrantScene.full)
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        #expect(scene.reason(waiter) == "store")
        #expect(revoked(scene) == ["refresh-2"])
        scene.diskAnswer = .success(())
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
    }

    /// A sign-in with `refresh-NUMBER`; the waiter of its CALLBACK.
    private func signIn(_ scene: inout GrantScene, _ number: UInt64) throws -> UInt64 {
        _ = try begin(&scene, number)
        let waiter = callback(&scene, "code=abc&state=state-\(number)", number)
        scene.grant("access-\(number)", refresh: "refresh-\(number)", identity: "m.petrova")
        return waiter
    }

    @Test func `a sign-in that the disk may have taken is not revoked: the next start may find it`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.halfway)
        let waiter = try signIn(&scene, 2)
        #expect(scene.reason(waiter) == "store")
        // neither is one that the disk refuses from then on
        scene.diskAnswer = .failure(GrantScene.full)
        for _ in 1...20 {
            scene.pass(10)
            scene.due()
        }
        #expect(revoked(scene).isEmpty && scene.plans.count == 1)
        scene.settleDown()
        #expect(revoked(scene) == ["refresh-1"] && scene.stored() == "refresh-2")
        #expect(scene.events.contains { if case .signedIn = $0 { true } else { false } })
        #expect(!scene.ledger.isSpending)
    }

    @Test func `one that a newer sign-in overtakes on its way to the disk never comes behind it`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.halfway)
        _ = try signIn(&scene, 2)
        scene.diskAnswer = nil
        _ = try signIn(&scene, 3)
        scene.pass(60)
        scene.due()
        #expect(scene.jobs.count == 1 && revoked(scene).isEmpty)
        scene.finishJobs()
        #expect(scene.stored() == "refresh-3" && Set(revoked(scene)) == ["refresh-1", "refresh-2"])
        scene.settleDown()
        #expect(scene.stored() == "refresh-3")
        #expect(!scene.ledger.isSpending && !scene.ledger.store.isReplacing(GrantScene.user))
    }

    @Test func `and is written again where the disk refuses the newer one`() throws {
        var scene = GrantScene.signedIn()
        scene.diskAnswer = .failure(GrantScene.halfway)
        _ = try signIn(&scene, 2)
        scene.diskAnswer = .failure(GrantScene.full)
        _ = try signIn(&scene, 3)
        #expect(revoked(scene) == ["refresh-3"])
        scene.settleDown()
        #expect(scene.stored() == "refresh-2" && revoked(scene) == ["refresh-3", "refresh-1"])
    }

    @Test func `a refresh of the old grant that ends after the new sign-in is not stored, and what it brought is revoked`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        let refresh = try #require(scene.plans.last)
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        #expect(scene.stored() == "refresh-2")
        scene.answer(
            .success(IssuedTokens(accessToken: Secret("old"), lifetime: 3600, scopes: nil, refreshToken: Secret("old-2"))), successor: "old-2", to: refresh)
        #expect(scene.stored() == "refresh-2")
        #expect(revoked(scene).contains("old-2"))
        let waiter = try scene.get()
        #expect(scene.token(waiter)?.token == Secret("access-2"))
    }

    @Test func `a refresh that ends while the new sign-in is on its way to a disk that then fails is kept`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        let refresh = try #require(scene.plans.last)
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.diskAnswer = nil
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        scene.answer(
            .success(IssuedTokens(accessToken: Secret("old"), lifetime: 3600, scopes: nil, refreshToken: Secret("old-2"))), successor: "old-2", to: refresh)
        scene.diskAnswer = .success(())
        scene.finishJobs(.failure(GrantScene.full))
        #expect(scene.stored() == "old-2")
        let waiter = try scene.get()
        #expect(scene.token(waiter)?.token == Secret("old"))
    }

    @Test func `without a refresh token a sign-in lasts as long as its access token, says so at once, and is in order until then`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", life: 600, identity: "m.petrova")
        guard case .signedIn(let signedIn)? = scene.signIn(waiter) else { return #expect(Bool(false), "not signed in") }
        #expect(signedIn == SignedIn(person: Person(subject: "m.petrova"), until: nil, unrenewable: .at(scene.now.wall + 600)))
        #expect(scene.events.contains { if case .signedIn(_, _, _, _, nil, isRenewable: false) = $0 { true } else { false } })
        let first = try scene.get()
        #expect(scene.token(first) != nil)
        let status = scene.ledger.status(of: GrantScene.user, at: scene.now)
        #expect(status.state == .ready && status.expires == .at(scene.now.wall + 600) && status.loginUntil == nil)
        #expect(status.reason?.contains("no refresh token") == true && status.reason?.contains("ended") == false)
        let promise = try scene.get(minValid: 601)
        #expect(scene.reason(promise) == "no-refresh-token" && scene.refusal(promise)?.text.contains("ended") == false)
        scene.pass(700)
        scene.due()
        let later = try scene.get()
        #expect(scene.reason(later) == "no-refresh-token")
    }

    @Test func `a reload that takes the rule away ends the sign-in`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        var next = scene.ledger.configuration
        next.tokens[GrantScene.user]?.allow[0].login = false
        scene.run { $0.adopt(next, at: $1).turn }
        let waiter = callback(&scene, "code=abc&state=state-1")
        #expect(scene.refusal(waiter)?.code == .denied)
        #expect(scene.plans.isEmpty)
    }

    @Test func `the word about another person is waited for ten minutes from the question on`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        scene.pass(590)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-9", refresh: "refresh-9", identity: "i.ivanov")
        scene.pass(590)
        scene.due()
        let confirmed = scene.request { $0.confirm(LoginID(1, 1), for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(signedInSubject(scene, confirmed) == "i.ivanov")
    }

    @Test func `a refresh whose answer names no scopes grants what was granted before`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", life: 100, scopes: ["openid", "read", "update", "offline_access", "admin"], identity: "m.petrova")
        scene.pass(90)
        let waiter = try scene.get(GrantScene.reader)
        scene.grant("access-2", refresh: "refresh-2")
        #expect(scene.reason(waiter) == "wider-than-rule")
        #expect(scene.disk[GrantScene.user]?.scopes.contains("admin") == true)
    }

    @Test func `TR-08 a sign-in that the server narrowed is not taken, and says so in its reply, in the journal and in the status`() throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", scopes: ["openid", "read", "offline_access"], identity: "m.petrova")
        #expect(scene.reason(waiter) == "missing-scope")
        let told = try #require(scene.refusal(waiter)?.text)
        #expect(told.hasPrefix("the server did not grant scope \"update\" to this sign-in"))
        #expect(scene.events.contains { if case .signInFailed(GrantScene.user, let refusal, _) = $0 { refusal.text == told } else { false } })
        let status = scene.ledger.status(of: GrantScene.user, at: scene.now)
        #expect(status.state == .loginRequired && status.reason?.contains(told) == true)
        _ = try begin(&scene, 2)
        _ = callback(&scene, "code=abc&state=state-2", 2)
        scene.grant("access-2", refresh: "refresh-2", identity: "m.petrova")
        #expect(scene.ledger.status(of: GrantScene.user, at: scene.now).reason == nil)
    }

    @Test func `TR-08 what a narrowed sign-in brought is revoked, and the sign-in before it stays in use`() throws {
        var scene = GrantScene.signedIn()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-9", refresh: "refresh-9", scopes: ["openid", "read", "offline_access"], identity: "m.petrova")
        #expect(revoked(scene) == ["refresh-9"] && scene.revocations.values.map(\.secret) == [Secret("refresh-9")])
        #expect(scene.stored() == "refresh-1")
        try scene.get()
        #expect(scene.sentToken == "refresh-1")
    }

    @Test(arguments: ["invalid_request", "login_required"]) func `RT-10 a refusal of the first refresh of a sign-in asks for the person`(word: String) throws {
        var scene = GrantScene()
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", life: 100, identity: "m.petrova")
        scene.pass(101)
        let waiter = try scene.get()
        guard case .refresh(_, _, _, isProven: true)? = scene.plans.last?.grant else { return #expect(Bool(false), "the form of the request is known") }
        scene.answer(.failure(ExchangeFailure(law: .no, reach: .credential, oauthError: word, status: 400, text: "answered 400 \(word)")))
        #expect(scene.refusal(waiter)?.code == .loginRequired && scene.reason(waiter) == "refresh-refused")
    }

    @Test func `a sign-in ends the failures that were told before it`() throws {
        var scene = GrantScene.signedIn()
        try scene.get()
        scene.answer(.failure(GrantScene.invalidGrant))
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-9", identity: "m.petrova")
        #expect(scene.events.contains { if case .recovered(GrantScene.user, .shared, failures: 1) = $0 { true } else { false } })
    }

    @Test func `only a rule with login lets a caller sign in, and only a configured address is gone back to`() throws {
        var scene = GrantScene()
        guard case .failure(let refusal) = scene.ledger.policy.authoriseLogin("portal.user", for: GrantScene.reader) else {
            return #expect(Bool(false), "a reader may sign in")
        }
        #expect(refusal.code == .denied)
        let waiter = try begin(&scene, redirectURI: "http://127.0.0.1:1/other")
        #expect(scene.reason(waiter) == "redirect-uri")
    }

    @Test func `a watcher hears of the token that a sign-in brings`() throws {
        var scene = GrantScene()
        let query = try scene.ledger.policy.authorise(name: "portal.user", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        guard case .trouble(.loginRequired, _)? = scene.rows.first else { return #expect(Bool(false), "no trouble was told") }
        _ = try begin(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        guard case .token(let held)? = scene.rows.last else { return #expect(Bool(false), "no token was told") }
        #expect(held.token == Secret("access-1"))
    }

    private func signedInSubject(_ scene: GrantScene, _ waiter: UInt64) -> String? {
        if case .signedIn(let signedIn)? = scene.signIn(waiter) { signedIn.person?.subject } else { nil }
    }

    /// Who is to be confirmed, and instead of whom.
    private func question(_ scene: GrantScene, _ waiter: UInt64) -> [Person?]? {
        if case .confirm(let person, let was)? = scene.signIn(waiter) { [person, was] } else { nil }
    }

    private func revoked(_ scene: GrantScene) -> [String] {
        scene.errands.compactMap { errand in
            guard case .revoke(let secret) = errand.errand else { return nil }
            return secret.withBytes { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func `of two who sign in at the same moment the second is asked whether it replaces the first`() throws {
        var scene = GrantScene()
        scene.diskAnswer = nil
        _ = try scene.login(1)
        _ = try scene.login(2)
        let first = scene.callback(1)
        scene.grant("access-1", refresh: "refresh-1", identity: "m.petrova")
        let second = scene.callback(2)
        scene.grant("access-2", refresh: "refresh-2", identity: "i.ivanov")
        guard case .confirm(let person, let was?)? = scene.signIn(second) else { return #expect(Bool(false), "nobody is asked") }
        #expect(person.subject == "i.ivanov" && was.subject == "m.petrova")
        scene.finishJobs()
        guard case .signedIn? = scene.signIn(first) else { return #expect(Bool(false), "the first is not signed in") }
        #expect(scene.stored() == "refresh-1")
    }

    @Test func `a CONFIRM that is about somebody who has been replaced is asked for anew`() throws {
        var scene = GrantScene.signedIn()
        for number: UInt64 in 1...2 {
            _ = try scene.login(number)
            _ = scene.callback(number)
            scene.grant("access-\(number)", refresh: "refresh-1\(number)", identity: number == 1 ? "i.ivanov" : "d.dimitrov")
        }
        _ = scene.confirm(1)
        #expect(scene.stored() == "refresh-11")
        let outdated = scene.confirm(2)
        guard case .confirm(_, let was?)? = scene.signIn(outdated) else { return #expect(Bool(false), "it is not asked for anew") }
        #expect(was.subject == "i.ivanov" && scene.stored() == "refresh-11")
        _ = scene.confirm(2)
        #expect(scene.stored() == "refresh-12")
    }

    @Test func `each of two sign-ins that are stored at once is a grant of its own`() throws {
        var scene = GrantScene.signedIn()
        for number in [1, 2] as [UInt64] {
            _ = try scene.login(number)
            _ = scene.callback(number)
        }
        let plans = scene.plans.suffix(2)
        scene.diskAnswer = nil
        for (number, plan) in zip(2..., plans) {
            var tokens = IssuedTokens(accessToken: Secret("access-\(number)"), lifetime: 3600, scopes: nil)
            tokens.refreshToken = Secret("refresh-\(number)")
            scene.answer(.success(tokens), successor: "refresh-\(number)", identity: "m.petrova", to: plan)
        }
        let grants = scene.jobs.compactMap { task in if case .replace(let record) = task.job { record.grant } else { nil } }
        #expect(grants == [2, 3])
        scene.diskAnswer = .success(())
        scene.finishJobs()
        #expect(scene.stored() == "refresh-3" && scene.ledger.grants[GrantScene.user]?.grant == 3)
        // and whatever ends it is another one again
        _ = scene.request { $0.logout(GrantScene.user, for: GrantScene.alice, waiter: $1, at: $2) }
        #expect(scene.disk[GrantScene.user]?.grant == 4)
    }
}
