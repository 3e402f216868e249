import ErpNet
import Testing

struct AuthorizeTests {
    @Test func `SIM-17 a code comes back in the query with the state and a session state`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let reply = instance.authorize()
        #expect(reply.status == 302)
        #expect(try (redirect(reply)).hasPrefix(Instance.redirectURI + "?code="))
        let fields = try answer(reply)
        #expect(fields.fields.map(\.name) == ["code", "scope", "session_state", "state"])
        #expect(fields["state"] == "q3VnR0s1dGg2TnBZd0J4Mg")
        #expect(fields["code"]?.utf8.count == 64)
    }

    @Test func `SIM-17 code id_token comes by a page that posts itself, or in the fragment`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let page = instance.authorize(Instance.hybrid)
        #expect(page.status == 200)
        #expect(try answer(page).fields.map(\.name) == ["code", "id_token", "scope", "session_state", "state"])
        let text = String(decoding: page.bytes, as: UTF8.self)
        #expect(text.contains("action=\"\(Instance.redirectURI)\""))
        #expect(text.contains("<noscript>"))
        let fragment = instance.authorize(["response_type": "id_token code"])
        #expect(try (redirect(fragment)).hasPrefix(Instance.redirectURI + "#code="))
        #expect(instance.authorize(["response_mode": "form_post"]).status == 200)
    }

    @Test(
        arguments: [
            (["client_id": "no.such/app"], "unauthorized_client"), (["client_id": "demo.app/disabled"], "unauthorized_client"),
            (["client_id": "demo.app/sync"], "unauthorized_client"), (["client_id": nil], "invalid_request"),
            (["redirect_uri": "http://127.0.0.1:53177/callback/"], "invalid_redirect_uri"),
            (["redirect_uri": "http://127.0.0.1:53178/callback"], "invalid_redirect_uri"),
            (["redirect_uri": "HTTP://127.0.0.1:53177/callback"], "invalid_redirect_uri"), (["redirect_uri": nil], "invalid_request"),
            (["response_type": "token"], "unsupported_response_type"), (["response_type": nil], "unsupported_response_type"),
            (["response_mode": "web_message"], "unsupported_response_type"),
            (["response_type": "code id_token", "response_mode": "query"], "invalid_request"),
            (["response_type": "code id_token", "nonce": nil], "invalid_request"),
            (["response_type": "code id_token", "scope": "read"], "invalid_request"),
            (["scope": nil], "invalid_request"), (["scope": "openid sec"], "invalid_scope"),
            (["code_challenge_method": "plain"], "invalid_request"), (["code_challenge_method": nil], "invalid_request"),
            (["code_challenge": "short"], "invalid_request"), (["prompt": "none login"], "invalid_request"),
            (["client_id": "demo.app/native", "code_challenge": nil], "invalid_request"),
        ] as [([String: String?], String)])
    func `SIM-18 what the application must not hear of stops on a page`(change: [String: String?], code: String) throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let reply = instance.authorize(change)
        #expect(reply.status == 400)
        #expect(location(reply) == nil)
        #expect(reply.error == code)
        #expect(instance.identity.counters["authorization-errors"] == 1)
        #expect(instance.identity.counters["codes"] == 0)
    }

    @Test(arguments: ["access_denied", "login_required", "consent_required", "interaction_required"])
    func `SIM-18 refusals that the application hears of end in an odd fragment`(denial: String) throws {
        var instance = try Instance()
        try instance.control("knob deny \(denial)")
        #expect(location(instance.authorize()) == Instance.redirectURI + "?error=\(denial)&state=q3VnR0s1dGg2TnBZd0J4Mg#_=_")
        #expect(try answer(instance.authorize(Instance.hybrid))["error"] == denial)
        #expect(location(instance.authorize(["response_mode": "fragment"])) == Instance.redirectURI + "#error=\(denial)&state=q3VnR0s1dGg2TnBZd0J4Mg")
    }

    @Test func `a browser is led over the pages and back`() throws {
        var instance = try Instance()
        try instance.control("knob consent on")
        let signIn = try redirect(instance.authorize())
        #expect(signIn.hasPrefix("/id/account/login?ReturnUrl="))
        let page = instance.ask("GET", signIn)
        let back = try #require(try answer(page)["ReturnUrl"]?.replacing("&amp;", with: "&"))
        let form = Form([("ReturnUrl", back), ("username", "m.petrova"), ("password", "wrong"), ("button", "login")])
        let again = instance.ask("POST", "/id/account/login", Instance.form, body: form.encoded)
        #expect(String(decoding: again.bytes, as: UTF8.self).contains("The user or the password is not right."))
        let right = form.encoded.replacing("wrong", with: "wonder-Land_1")
        let signedIn = instance.ask("POST", "/id/account/login", Instance.form, body: right)
        let cookie = [("Cookie", "other=1; " + (try cookie(signedIn)))]
        let consent = try redirect(instance.ask("GET", redirect(signedIn), cookie))
        #expect(consent.hasPrefix("/id/consent?ReturnUrl="))
        #expect(String(decoding: instance.ask("GET", consent, cookie).bytes, as: UTF8.self).contains("<li>offline_access</li>"))
        let yes = Form([("ReturnUrl", back), ("button", "yes")]).encoded
        let done = instance.ask("POST", "/id/consent", Instance.form + cookie, body: yes)
        #expect(try instance.exchange(code(in: done)).status == 200)
        let no = Form([("ReturnUrl", back), ("button", "no")]).encoded
        #expect(try answer(instance.ask("POST", "/id/consent", Instance.form + cookie, body: no))["error"] == "access_denied")
        #expect(instance.identity.counters["sign-in-failures:demo.app/portal"] == 1)
        #expect(instance.identity.counters["sign-ins:demo.app/portal"] == 1)
    }

    @Test func `a page that was not led to by a request stops`() throws {
        var instance = try Instance()
        for target in ["/id/account/login", "/id/account/login?ReturnUrl=https%3A%2F%2Fevil.example", "/id/consent?ReturnUrl=/id/connect/authorize/callback?x"]
        {
            #expect(instance.ask("GET", target).status == 400)
        }
    }

    @Test func `SIM-19 who is signed in comes back silently, and prompt=login asks again`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let cookie = try cookie(instance.authorize())
        try instance.control("knob auto-login off")
        #expect(try answer(instance.authorize(cookie: cookie))["code"] != nil)
        #expect(try answer(instance.authorize(["prompt": "none"], cookie: cookie))["code"] != nil)
        #expect(try answer(instance.authorize(["prompt": "none"]))["error"] == "login_required")
        #expect(try (redirect(instance.authorize(["prompt": "login"], cookie: cookie))).hasPrefix("/id/account/login"))
        instance.wall += 100
        #expect(try (redirect(instance.authorize(["max_age": "99"], cookie: cookie))).hasPrefix("/id/account/login"))
        #expect(try answer(instance.authorize(["max_age": "100"], cookie: cookie))["code"] != nil)
        try instance.control("knob consent on")
        #expect(try answer(instance.authorize(["prompt": "none"], cookie: cookie))["error"] == "consent_required")
        try instance.control("session end all")
        #expect(try answer(instance.authorize(["prompt": "none"], cookie: cookie))["error"] == "login_required")
    }

    @Test func `SIM-19 the same person keeps the sid, another one gets a new one`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let cookie = try cookie(instance.authorize())
        _ = instance.authorize(["prompt": "login"], cookie: cookie)
        #expect(instance.identity.sessions.all.count == 1)
        try instance.control("knob auto-login a.admin")
        _ = instance.authorize(["prompt": "login"], cookie: cookie)
        #expect(instance.identity.sessions.all.map(\.signIn.login) == ["m.petrova", "a.admin"])
        #expect(instance.identity.sessions.all.allSatisfy { !$0.ended })
    }

    @Test func `people of the community are let in only where they may, and only identify themselves`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login c.guest")
        #expect(try answer(instance.authorize())["error"] == "access_denied")
        try instance.control("app demo.app/portal ImpersonateAsCommunityUserAllowed=true")
        #expect(try answer(instance.authorize())["scope"] == "openid profile offline_access")
        #expect(throws: ControlError.self) { try instance.control("knob auto-login svc.sync") }
    }

    @Test func `SIM-20 the iss parameter is off, right or wrong, and advertised or not`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        #expect(try answer(instance.authorize())["iss"] == nil)
        for (knob, issuer) in [("right", "https://orchid.my.erp.net/id"), ("wrong", "https://other.example/id")] {
            try instance.control("knob iss-parameter \(knob)")
            #expect(try answer(instance.authorize())["iss"] == issuer)
        }
        try instance.control("knob iss-advertised on")
        #expect(try document(instance.ask("GET", "/id/.well-known/openid-configuration"))["authorization_response_iss_parameter_supported"] == true)
    }

    @Test func `an answer's state can be wrong or missing`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        try instance.control("knob state-answer wrong")
        #expect(try answer(instance.authorize())["state"] == "another-state")
        try instance.control("knob state-answer missing")
        #expect(try answer(instance.authorize())["state"] == nil)
    }

    @Test func `another port of the loopback is accepted when the knob says so`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        try instance.control("knob loopback-port any")
        #expect(try answer(instance.authorize(["redirect_uri": "http://127.0.0.1:9/callback"]))["code"] != nil)
        #expect(instance.authorize(["redirect_uri": "http://127.0.0.1:9/other"]).error == "invalid_redirect_uri")
        #expect(instance.authorize(["redirect_uri": "http://127.0.0.1:9.evil.example/callback"]).error == "invalid_redirect_uri")
    }
}
