import ErpNet
import Testing

struct TokenEndpointTests {
    @Test func `SIM-08 client credentials give a token and no refresh token`() throws {
        var instance = try Instance()
        let reply = instance.token(Instance.machine + "&scope=read")
        #expect(reply.status == 200)
        #expect(try document(reply).members.map(\.name) == ["access_token", "expires_in", "token_type", "scope"])
        #expect(try document(reply)["expires_in"] == 3600)
        #expect(try document(reply)["token_type"] == "Bearer")
        #expect(try document(reply)["scope"] == "read")
    }

    @Test func `SIM-07 answers of the token endpoint are not to be stored`() throws {
        var instance = try Instance()
        for reply in [instance.token(Instance.machine), instance.token("grant_type=x")] {
            #expect(reply.headers.contains(.init("Cache-Control", "no-store, no-cache, max-age=0")))
            #expect(reply.headers.contains(.init("Pragma", "no-cache")))
            #expect(reply.headers.contains(.init("Content-Type", "application/json; charset=UTF-8")))
        }
    }

    @Test(arguments: [
        ("grant_type=client_credentials", "invalid_client"),
        ("grant_type=client_credentials&client_id=no.such/app&client_secret=x", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fsync&client_secret=wrong", "invalid_client"),
        ("grant_type=client_credentials&client_id=Demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fsync", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fsync&client_secret=", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fdisabled&client_secret=disabled-secret-01234567", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fnote", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fnative&client_secret=x", "invalid_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fnative", "unauthorized_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Fpeople&client_secret=people-secret-0123456789", "unauthorized_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Forphan&client_secret=orphan-secret-0123456789", "unauthorized_client"),
        ("grant_type=client_credentials&client_id=demo.app%2Freader&client_secret=reader-secret-0123456789&scope=read+update", "invalid_scope"),
        (Instance.machine + "&scope=sec", "invalid_scope"),
        (Instance.machine + "&scope=openid", "invalid_scope"),
        (Instance.machine + "&scope=read+offline_access", "invalid_scope"),
        ("client_id=demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef", "unsupported_grant_type"),
        ("grant_type=password&client_id=demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef", "unsupported_grant_type"),
        ("grant_type=refresh_token&refresh_token=x&client_id=demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef", "unauthorized_client"),
        ("grant_type=refresh_token&refresh_token=x&client_id=demo.app%2Fnative", "invalid_grant"),
        ("grant_type=authorization_code&code=x&client_id=demo.app%2Fnative", "invalid_grant"),
        ("grant_type=authorization_code&client_id=demo.app%2Fnative", "invalid_request"),
        (Instance.machine + "&scope=read&scope=update", "invalid_request"),
        (Instance.machine + "&scope=%", "invalid_request"),
    ])
    func `SIM-13 every cause has its error code, always with 400`(form: String, error: String) throws {
        var instance = try Instance()
        let reply = instance.token(form)
        #expect(reply.status == 400)
        #expect(try document(reply) == ["error": .string(error)])
    }

    @Test func `SIM-06 only POST with a form is a token request`() throws {
        var instance = try Instance()
        let form = [("Content-Type", "application/x-www-form-urlencoded")]
        let replies = [
            instance.ask("GET", "/id/connect/token?" + Instance.machine),
            instance.ask("PUT", "/id/connect/token", form, body: Instance.machine),
            instance.ask("POST", "/id/connect/token", [("Content-Type", "application/json")], body: "{}"),
            instance.ask("POST", "/id/connect/token", body: Instance.machine),
        ]
        for reply in replies { #expect(reply.error == "invalid_request") }
        #expect(
            instance.ask("POST", "/id/connect/token", [("Content-Type", "Application/X-WWW-Form-URLencoded; charset=utf-8")], body: Instance.machine).status
                == 200)
    }

    @Test func `SIM-06 the tricky secret works in the body and in a Basic header, but not in both`() throws {
        var instance = try Instance()
        let body = "grant_type=client_credentials&client_id=demo.app%2Ftricky&client_secret=s3cr%3Aet%20%2B%2F%2526%3D%26%3F"
        // base64 of "demo.app%2Ftricky:s3cr%3Aet+%2B%2F%2526%3D%26%3F"
        let basic = ("Authorization", "Basic ZGVtby5hcHAlMkZ0cmlja3k6czNjciUzQWV0KyUyQiUyRiUyNTI2JTNEJTI2JTNG")
        #expect(instance.token(body).status == 200)
        #expect(instance.token("grant_type=client_credentials", [basic]).status == 200)
        #expect(instance.token("grant_type=client_credentials&client_id=demo.app%2Ftricky", [basic]).status == 200)
        #expect(instance.token(body, [basic]).error == "invalid_request")
        #expect(instance.token("grant_type=client_credentials&client_id=demo.app%2Fsync", [basic]).error == "invalid_request")
        #expect(instance.token("grant_type=client_credentials", [("Authorization", "Basic !!")]).error == "invalid_client")
        #expect(instance.token("grant_type=client_credentials", [("Authorization", "Bearer x")]).error == "invalid_client")
    }

    @Test func `SIM-08 no scope asked is every scope of the application`() throws {
        var instance = try Instance()
        #expect(try document(instance.token(Instance.machine))["scope"] == "read update")
    }

    @Test(arguments: [("exact", "read update", "read update"), ("subset", "read update", "read"), ("superset", "update", "read update")])
    func `SIM-08 the granted scopes follow the knob`(knob: String, asked: String, granted: String) throws {
        var instance = try Instance()
        try instance.control("knob scope-grant \(knob)")
        let scope = asked.split(separator: " ").joined(separator: "+")
        #expect(try document(instance.token(Instance.machine + "&scope=" + scope))["scope"] == .string(granted))
    }

    @Test func `a token is signed for the life that the knob says`() throws {
        var instance = try Instance()
        try instance.control("knob access-ttl 4")
        let token = try instance.serviceToken()
        #expect(try AccessClaims(opening: token, with: instance.identity.keys).expiry == Instance.start + 4)
    }

    @Test func `SIM-06 descriptions and the status of a wrong client follow their knobs`() throws {
        var instance = try Instance()
        try instance.control("knob error-descriptions on")
        try instance.control("knob invalid-client-status 401")
        let reply = instance.token("grant_type=client_credentials&client_id=x&client_secret=y")
        #expect(reply.status == 401)
        #expect(reply.headers.contains(.init("WWW-Authenticate", "Basic realm=\"id\"")))
        #expect(try document(reply)["error_description"] == "The trusted application does not exist.")
    }

    @Test func `the contradictions of the documentation are knobs`() throws {
        var instance = try Instance()
        let noSecret = "grant_type=client_credentials&client_id=demo.app%2Fsync"
        try instance.control("knob missing-secret invalid_request")
        #expect(instance.token(noSecret).error == "invalid_request")
        try instance.control("knob forbidden-grant unsupported_grant_type")
        let refresh = "grant_type=refresh_token&refresh_token=x&client_id=demo.app%2Fsync&client_secret=sync-secret-0123456789abcdef"
        #expect(instance.token(refresh).error == "unsupported_grant_type")
        try instance.control("knob public-secret ignore")
        #expect(instance.token("grant_type=refresh_token&refresh_token=x&client_id=demo.app%2Fnative&client_secret=y").error == "invalid_grant")
    }

    @Test(arguments: [
        ("secret=new-secret", "invalid_client"), ("IsEnabled=false", "invalid_client"),
        ("SystemUserAllowed=false", "unauthorized_client"), ("SystemUser=", "unauthorized_client"),
        ("SystemUser=nobody", "unauthorized_client"), ("Scope=\"\"", "invalid_scope"), ("ClientType=None", "invalid_client"),
    ])
    func `SIM-04 an attribute that changes is felt by the next request`(change: String, error: String) throws {
        var instance = try Instance()
        #expect(instance.token(Instance.machine).status == 200)
        try instance.control("app demo.app/sync \(change)")
        #expect(instance.token(Instance.machine).error == error)
    }
}

struct TokenRefusalTests {
    @Test func `every refusal has a text of its own and one of the documented codes`() {
        let codes = [
            "invalid_request", "invalid_client", "unauthorized_client", "invalid_scope", "invalid_grant", "unsupported_grant_type", "unsupported_token_type",
            "expired_token", "access_denied", "authorization_pending", "slow_down",
        ]
        #expect(Set(TokenRefusal.allCases.map(\.text)).count == TokenRefusal.allCases.count)
        for refusal in TokenRefusal.allCases { #expect(codes.contains(refusal.code(Knobs()))) }
    }
}
