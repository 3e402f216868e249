import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// What holds for every sign-in, whatever an answer says, whoever asks.
@Suite struct SignInPromiseTests {
    private func begun(_ scene: inout GrantScene) throws -> UInt64 {
        let settings = try scene.ledger.policy.authoriseLogin("portal.user", for: GrantScene.alice).get()
        let entropy = SignInEntropy(
            id: LoginID(1, 1), state: Secret("state-1"), nonce: Secret("nonce-1"), verifier: Secret("verifier-1"), challenge: "challenge-1")
        let waiter = scene.request { $0.login(settings, redirectURI: nil, for: GrantScene.alice, entropy, waiter: $1, at: $2) }
        let errand = try #require(scene.errands.last)
        scene.errands = []
        let metadata = try metadata()
        scene.run { $0.finished(ErrandReport(id: errand.id, result: .located(.success(metadata))), at: $1) }
        return waiter
    }

    private func metadata() throws -> ServerMetadata {
        var server = MetadataCache(ServerSettings(location: .issuer("https://id.test")))
        _ = server.ask(at: 0)
        let document =
            #"{"issuer":"https://id.test","token_endpoint":"https://id.test/token","authorization_endpoint":"https://id.test/authorize","jwks_uri":"https://id.test/keys"}"#
        let answer = EndpointResult.response(EndpointResponse(status: 200, body: Secret(document)))
        guard case .settled(let result) = server.receive(answer, at: 0, wall: 0) else { throw NoMetadata() }
        return try result.get()
    }
    private struct NoMetadata: Error {}

    private func callback(_ scene: inout GrantScene, _ answer: String) -> UInt64 {
        scene.request { $0.callback(LoginID(1, 1), Secret(answer), for: GrantScene.alice, waiter: $1, at: $2) }
    }

    @Test(
        arguments: [
            "&iss=https://id.test", "&token_endpoint=https://evil.example/token", "&redirect_uri=https://evil.example/", "&client_id=other",
            "&session_state=x&scope=everything",
        ])
    func `AC-11 nothing in an answer selects the server, the client or the address of its code`(more: String) throws {
        var scene = GrantScene()
        _ = try begun(&scene)
        _ = callback(&scene, "code=abc&state=state-1" + more)
        let plan = try #require(scene.plans.last)
        #expect(plan.application == scene.ledger.configuration.applications["portal"])
        guard case .authorizationCode(let code, "http://127.0.0.1:53177/callback", _) = plan.grant else { return #expect(Bool(false), "another address") }
        #expect(code == Secret("abc"))
    }

    @Test func `AC-11 AC-07 the answer of another server sends no code`() throws {
        var scene = GrantScene()
        _ = try begun(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1&iss=https://evil.example")
        #expect(scene.refusal(waiter) != nil)
        #expect(scene.plans.isEmpty)
    }

    @Test func `AC-11 a code is not sent once its application stands for another server`() throws {
        var scene = GrantScene()
        _ = try begun(&scene)
        var next = GrantScene.configuration()
        next.applications["portal"]?.server = ServerSettings(location: .issuer("https://other.test"))
        scene.run { $0.adopt(next, at: $1).turn }
        _ = callback(&scene, "code=abc&state=state-1")
        #expect(scene.plans.isEmpty)
    }

    @Test func `AC-14 when the answer to a code is lost, the sign-in is over and begins anew`() throws {
        var scene = GrantScene()
        _ = try begun(&scene)
        let waiter = callback(&scene, "code=abc&state=state-1")
        scene.answer(.failure(GrantScene.lost))
        #expect(scene.refusal(waiter) != nil)
        scene.pass(700)
        scene.due()
        let again = callback(&scene, "code=abc&state=state-1")
        #expect(scene.refusal(again)?.code == .denied)
        #expect(scene.plans.count == 1)
    }

    @Test func `AC-25 offline access is asked for where the token has it and nowhere else`() throws {
        for (scopes, expected) in [(["openid", "read"], "openid%20read"), (["openid", "offline_access"], "openid%20offline_access")] {
            var scene = GrantScene { token, _ in token.scopes = scopes }
            let waiter = try begun(&scene)
            guard case .began(_, let url, _)? = scene.signIn(waiter) else { return #expect(Bool(false), "not begun") }
            #expect(url.contains("&scope=\(expected)&"))
        }
    }

    @Test func `SEC-05 what goes to the disk holds no access token, code, verifier or client secret`() throws {
        var scene = GrantScene()
        _ = try begun(&scene)
        _ = callback(&scene, "code=abc-code&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", life: 100, identity: "m.petrova")
        for number in 2...5 {
            let record = try #require(scene.disk[GrantScene.user])
            let written = try record.bytes().withBytes { String(decoding: $0, as: UTF8.self) }
            #expect(written.contains("refresh-\(number - 1)"))
            for hidden in ["access-", "abc-code", "verifier-1", "not-a-secret"] { #expect(!written.contains(hidden)) }
            scene.pass(90)
            try scene.get()
            scene.grant("access-\(number)", refresh: "refresh-\(number)", life: 100)
        }
    }

    @Test func `SEC-07 callers and watchers get access tokens, and nothing else of what a sign-in brought`() throws {
        var scene = GrantScene()
        let query = try scene.ledger.policy.authorise(name: "portal.user", for: GrantScene.alice).get()
        scene.take(try scene.ledger.watch(query, watcher: 5, at: scene.now).get())
        _ = try begun(&scene)
        _ = callback(&scene, "code=abc&state=state-1")
        scene.grant("access-1", refresh: "refresh-1", life: 100, identity: "m.petrova")
        for number in 2...5 {
            scene.pass(90)
            try scene.get()
            scene.grant("access-\(number)", refresh: "refresh-\(number)", life: 100)
        }
        #expect(scene.stored() == "refresh-5")
        let answered = scene.answers.values.compactMap { if case .token(let held) = $0 { held.token } else { nil } }
        let watched = scene.rows.compactMap { if case .token(let held) = $0 { held.token } else { nil } }
        let allowed = Set((1...5).map { Secret("access-\($0)") })
        #expect(answered.count == 4 && !watched.isEmpty)
        #expect(allowed.isSuperset(of: answered + watched))
        let texts = "\(scene.answers.values.map { "\($0)" }) \(scene.rows)"
        for hidden in ["refresh-", "verifier-", "code=abc", "not-a-secret"] { #expect(!texts.contains(hidden)) }
    }
}
