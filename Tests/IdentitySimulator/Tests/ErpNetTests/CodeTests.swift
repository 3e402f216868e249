import ErpNet
import Testing

struct CodeTests {
    @Test func `SIM-09 a code gives an ID token, an access token and a refresh token`() throws {
        var instance = try Instance()
        let reply = instance.exchange(try instance.code())
        #expect(
            try document(reply).members.map(\.name) == ["id_token", "access_token", "expires_in", "token_type", "refresh_token", "scope"])
        #expect(reply.refreshToken?.utf8.count == 64)
        #expect(instance.identity.counters["code-grants:demo.app/portal"] == 1)
        let short = instance.exchange(try instance.code(["scope": "read"]))
        #expect(try document(short).members.map(\.name) == ["access_token", "expires_in", "token_type", "scope"])
    }

    @Test(
        arguments: [
            (["redirect_uri": "http://127.0.0.1:53177/Callback"], "invalid_grant"), (["redirect_uri": nil], "unauthorized_client"),
            (["code_verifier": nil], "invalid_grant"), (["code_verifier": Instance.verifier + "x"], "invalid_grant"),
            (["code_verifier": ""], "invalid_grant"),
        ] as [([String: String?], String)])
    func `SIM-09 a failed attempt burns the code`(change: [String: String?], error: String) throws {
        var instance = try Instance()
        let code = try instance.code()
        #expect(instance.exchange(code, change).error == error)
        #expect(instance.exchange(code).error == "invalid_grant")
        #expect(instance.identity.counters["code-refusals"] == 2)
        #expect(try instance.control("grants")["grants"] == [])
    }

    @Test func `SIM-09 failed client authentication and another client leave the code as it is`() throws {
        var instance = try Instance()
        let code = try instance.code()
        #expect(instance.exchange(code, client: "&client_id=demo.app%2Fportal&client_secret=wrong").error == "invalid_client")
        #expect(instance.exchange(code, client: "&client_id=demo.app%2Fnative").error == "invalid_grant")
        #expect(instance.exchange(code).status == 200)
    }

    @Test func `SIM-09 a code is good once and for 300 seconds`() throws {
        var instance = try Instance()
        let first = try instance.code()
        let second = try instance.code()
        instance.wall += 299
        #expect(instance.exchange(first).status == 200)
        #expect(instance.exchange(first).error == "invalid_grant")
        instance.wall += 1
        #expect(instance.exchange(second).error == "invalid_grant")
        #expect(try instance.grant()["alive"] == true)
    }

    @Test func `SIM-09 the second use of a code ends what came of the first when the knob says so`() throws {
        var instance = try Instance()
        try instance.control("knob code-reuse family-revoke")
        let code = try instance.code()
        let refresh = try #require(instance.exchange(code).refreshToken)
        _ = instance.exchange(code)
        #expect(instance.refresh(refresh).error == "invalid_grant")
        #expect(try instance.grant()["ended"] == "code-reuse")
    }

    @Test func `SIM-09 a verifier without a challenge is refused`() throws {
        var instance = try Instance()
        let plain: [String: String?] = ["code_challenge": nil, "code_challenge_method": nil]
        #expect(try instance.exchange(instance.code(plain)).error == "invalid_grant")
        #expect(try instance.exchange(instance.code(plain), ["code_verifier": nil]).status == 200)
    }

    @Test func `a public application exchanges with its challenge alone`() throws {
        var instance = try Instance()
        let code = try instance.code(["client_id": "demo.app/native"])
        #expect(instance.exchange(code, client: "&client_id=demo.app%2Fnative").status == 200)
        #expect(try instance.grant()["expires"] == .number(Instance.start + 24 * 3600))
    }

    @Test func `more redirect URIs can be given to every interactive application`() throws {
        let identity = Identity(database: "X", signing: try Instance.key.get(), accessTTL: 1, redirectURIs: ["http://127.0.0.1:1/a", "http://127.0.0.1:2/b"])
        #expect(identity.application("demo.app/portal")?.redirectURIs == [Instance.redirectURI, "http://127.0.0.1:1/a", "http://127.0.0.1:2/b"])
        #expect(identity.application("demo.app/sync")?.redirectURIs == [])
    }
}
