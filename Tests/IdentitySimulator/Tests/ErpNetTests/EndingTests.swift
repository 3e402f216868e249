import ErpNet
import Testing

struct EndSessionTests {
    static let bye = "http%3A%2F%2F127.0.0.1%3A53177%2Fbye"

    @Test func `SIM-21 a valid hint ends the session and leads back with the state`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let hint = try answer.string("id_token")
        _ = instance.api(("Authorization", "Bearer " + (try answer.string("access_token"))))
        instance.wall += 1000
        let reply = instance.ask("GET", "/id/connect/endsession?id_token_hint=\(hint)&post_logout_redirect_uri=\(Self.bye)&state=lo-81f2")
        #expect(location(reply) == "http://127.0.0.1:53177/bye?state=lo-81f2")
        #expect(try instance.refresh(answer.string("refresh_token")).error == "invalid_grant")
        #expect(try instance.control("licences")["in_use"] == 0)
        #expect(instance.identity.counters["sign-outs"] == 1)
        let elsewhere = instance.ask("GET", "/id/connect/endsession?id_token_hint=\(hint)&post_logout_redirect_uri=https%3A%2F%2Fevil.example")
        #expect(elsewhere.status == 200)
        #expect(location(elsewhere) == nil)
    }

    @Test func `SIM-21 refresh tokens outlive their session when the knob says so`() throws {
        var instance = try Instance()
        try instance.control("knob logout-kills off")
        let token = try instance.refreshToken()
        try instance.control("session end all")
        #expect(instance.refresh(token).status == 200)
    }

    @Test func `SIM-21 without a hint a page asks first, and nothing goes back`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let browser = ("Cookie", try cookie(instance.authorize()))
        for hint in ["", "id_token_hint=a.b.c&"] {
            let page = instance.ask("GET", "/id/connect/endsession?\(hint)post_logout_redirect_uri=\(Self.bye)", [browser])
            #expect(page.status == 200)
            #expect(String(decoding: page.bytes, as: UTF8.self).contains("Would you like to sign out?"))
        }
        #expect(instance.identity.sessions.all.allSatisfy { !$0.ended })
        let done = instance.ask("POST", "/id/connect/endsession", Instance.form + [browser], body: "button=yes")
        #expect(String(decoding: done.bytes, as: UTF8.self).contains("You are signed out."))
        #expect(instance.identity.sessions.all.allSatisfy { $0.ended })
    }
}

struct RevocationTests {
    private func revoke(_ instance: inout Instance, _ token: String, _ more: String = "", client: String = Instance.portal) -> Reply {
        instance.ask("POST", "/id/connect/revocation", Instance.form, body: "token=\(token)" + more + client)
    }

    @Test func `a revoked refresh token is dead, and everything unknown is answered alike`() throws {
        var instance = try Instance()
        let token = try instance.refreshToken()
        #expect(revoke(&instance, "unknown").status == 200)
        #expect(revoke(&instance, token, client: "&client_id=demo.app%2Fnative").status == 200)
        #expect(try instance.grant()["alive"] == true)
        #expect(revoke(&instance, token, "&token_type_hint=refresh_token").status == 200)
        #expect(instance.refresh(token).error == "invalid_grant")
        #expect(revoke(&instance, token).status == 200)
        #expect(try instance.grant()["ended"] == "revoked")
        #expect(instance.identity.counters["revocations:demo.app/portal"] == 1)
        #expect(instance.identity.counters["revocation-requests"] == 4)
    }

    @Test func `a revocation request that is wrong is refused`() throws {
        var instance = try Instance()
        #expect(revoke(&instance, "").error == "invalid_request")
        #expect(revoke(&instance, "x", "&token_type_hint=banana").error == "unsupported_token_type")
        #expect(revoke(&instance, "x", client: "&client_id=demo.app%2Fportal&client_secret=x").error == "invalid_client")
    }

    @Test(arguments: [("on", true, 200), ("unlisted", false, 200), ("off", false, 404)])
    func `the revocation endpoint is listed, unlisted or not there`(knob: String, listed: Bool, status: Int) throws {
        var instance = try Instance()
        try instance.control("knob revocation-endpoint \(knob)")
        for optional in ["off", "on"] {
            try instance.control("knob optional-metadata \(optional)")
            let names = try document(instance.ask("GET", "/id/.well-known/openid-configuration")).members.map(\.name)
            #expect(names.count { $0 == "revocation_endpoint" } == (listed ? 1 : 0))
        }
        #expect(revoke(&instance, "x").status == status)
    }
}

struct IntrospectionTests {
    private func state(_ instance: inout Instance, _ token: String) -> Reply {
        instance.ask("POST", "/id/connect/introspect", Instance.form, body: "token=\(token)" + Instance.portal)
    }

    @Test func `clients learn nothing unless the knob says so`() throws {
        var instance = try Instance()
        #expect(state(&instance, "x").status == 401)
        try instance.control("knob introspection on")
        #expect(try document(state(&instance, "x")) == ["active": false])
    }

    @Test func `tokens of every kind are told to be good or not`() throws {
        var instance = try Instance()
        try instance.control("knob introspection on")
        let answer = try instance.signedIn()
        let refresh = try answer.string("refresh_token")
        let reference = try instance.control("reference mint kind=PAT app=demo.app/portal user=m.petrova scope=read expires=60")
        let personal = try reference.string("token")
        for token in [try answer.string("access_token"), refresh, personal] {
            #expect(try document(state(&instance, token))["active"] == true)
            #expect(try document(state(&instance, token))["sub"] == "m.petrova")
        }
        _ = instance.refresh(refresh)
        instance.wall += 3600
        for token in [try answer.string("access_token"), refresh, personal] {
            #expect(try document(state(&instance, token)) == ["active": false])
        }
    }
}
