import ErpNet
import Keys
import Testing

struct ApiTests {
    @Test func `SIM-22 a service token opens the Domain API`() throws {
        var instance = try Instance()
        let reply = instance.api(("Authorization", "Bearer \(try instance.serviceToken())"))
        #expect(reply.status == 200)
        #expect(try document(reply)["@odata.context"] == "https://orchid.my.erp.net/api/domain/odata/$metadata#General_Products_Products")
    }

    @Test func `SIM-22 a token is refused before its time, after it, and elsewhere`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        try instance.control("clock advance -1")
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 401)
        try instance.control("clock advance 3600")
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 200)
        try instance.control("clock advance 1")
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 401)
        try instance.control("clock reset")
        let elsewhere = Request(
            site: Site(root: "https://tulip.my.erp.net"), method: "GET", target: "/api/domain/odata/X",
            headers: [.init("Authorization", "Bearer \(token)")], body: [])
        #expect(instance.identity.answer(elsewhere, under: nil, wall: instance.wall).status == 401)
    }

    @Test func `SIM-22 a forged or broken token is refused`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        let parts = token.split(separator: ".").map(String.init)
        let kid = instance.identity.keys.signing.kid
        let unsigned = base64url(Array(#"{"alg":"none","kid":"\#(kid)","typ":"at+jwt"}"#.utf8)) + ".\(parts[1])."
        let other = try JWT.sign(["iss": "https://orchid.my.erp.net/id"], type: "at+jwt", with: instance.identity.keys.signing)
        for bad in ["x", "a.b.c", unsigned, "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).\(parts[2].dropLast(4))AAAA", other] {
            #expect(instance.api(("Authorization", "Bearer \(bad)")).status == 401)
        }
        var stranger = try Instance()
        stranger.identity = Identity(database: "X", signing: try RSAKey.generate(), accessTTL: 60)
        #expect(stranger.api(("Authorization", "Bearer \(token)")).status == 401)
    }

    @Test func `SIM-22 a token for another audience is refused`() throws {
        var instance = try Instance()
        let claims: JSON = [
            "iss": "https://orchid.my.erp.net/id", "aud": "https://orchid.my.erp.net/id/resources", "nbf": .number(instance.wall),
            "exp": .number(instance.wall + 60), "client_id": "demo.app/desk", "scope": ["openid"],
        ]
        let token = try JWT.sign(claims, type: "at+jwt", with: instance.identity.keys.signing)
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 401)
    }

    @Test func `SIM-22 writing needs update`() throws {
        var instance = try Instance()
        let reading = try instance.serviceToken(scope: "read")
        let writing = try instance.serviceToken(scope: "update")
        #expect(instance.api(("Authorization", "Bearer \(reading)"), method: "POST").status == 403)
        #expect(instance.api(("Authorization", "Bearer \(writing)"), method: "POST").status == 204)
        #expect(instance.api(("Authorization", "Bearer \(writing)")).status == 200)
    }

    @Test func `SIM-22 a 401 has a challenge unless the knob says no`() throws {
        var instance = try Instance()
        #expect(instance.api(("Authorization", "Bearer x")).headers.contains(.init("WWW-Authenticate", "Bearer error=\"invalid_token\"")))
        #expect(instance.api().headers.contains(.init("WWW-Authenticate", "Bearer")))
        try instance.control("knob api-challenge off")
        #expect(!instance.api(("Authorization", "Bearer x")).headers.contains { $0.name == "WWW-Authenticate" })
    }

    @Test func `SIM-22 a reference token works by each of three headers, and by one at a time`() throws {
        var instance = try Instance()
        let token = try mint(&instance, "kind=SAT app=demo.app/sync scope=read")
        #expect(instance.api(("Authorization", "Bearer \(token)")).status == 200)
        #expect(instance.api(("X-API-KEY", token)).status == 200)
        #expect(instance.api(("Api-Key", token)).status == 200)
        #expect(instance.api(("Api-Key", token), ("X-Api-Key", token)).status == 400)
        #expect(instance.api(("Authorization", "Bearer \(token)"), ("X-Api-Key", token)).status == 400)
        #expect(instance.api(("Api-Key", token), method: "POST").status == 403)
        #expect(instance.api(("Api-Key", "enrt_unknown")).status == 401)
    }

    @Test func `SIM-23 expiry and revocation are felt at once`() throws {
        var instance = try Instance()
        let brief = try mint(&instance, "app=demo.app/sync expires=10")
        let lasting = try mint(&instance, "app=demo.app/sync expires=never")
        try instance.control("clock advance 10")
        #expect(instance.api(("Api-Key", brief)).status == 401)
        #expect(instance.api(("Api-Key", lasting)).status == 200)
        try instance.control("reference revoke \(fingerprint(lasting))")
        #expect(instance.api(("Api-Key", lasting)).status == 401)
        #expect(try !instance.control("reference").description.contains(lasting))
    }

    @Test func `SIM-23 a token has the shape of the printed ones`() throws {
        var instance = try Instance()
        let token = try mint(&instance, "app=demo.app/sync")
        #expect(token.hasPrefix("enrt_"))
        #expect(token.count == 69)
    }

    @Test(arguments: [
        "kind=SAT app=demo.app/reader", "kind=PAT app=demo.app/portal", "kind=SAT app=no.such", "app=demo.app/sync scope=sec", "app=demo.app/sync token=x",
    ])
    func `SIM-23 what ERP_net would not mint is not minted`(options: String) throws {
        var instance = try Instance()
        #expect(throws: ControlError.self) { try instance.control("reference mint \(options)") }
    }

    @Test func `SIM-24 the Profile site knows people and no services`() throws {
        var instance = try Instance()
        let personal = try mint(&instance, "kind=PAT app=demo.app/portal user=m.petrova")
        let system = try mint(&instance, "kind=SAT app=demo.app/sync")
        let reply = instance.ask("GET", "/profile/me", [("Authorization", "Bearer \(personal)")])
        #expect(reply.status == 200)
        #expect(reply.headers.contains(.init("Cache-Control", "no-store")))
        #expect(try document(reply)["id"] == "5d0a3c52-8a0e-4c55-9d7e-0f6b2f3f1c11")
        #expect(try document(reply)["instance"] == ["database": "ORCHID PROD"])
        #expect(instance.ask("GET", "/profile/me", [("Authorization", "Bearer \(system)")]).status == 403)
        #expect(instance.ask("GET", "/profile/me", [("Authorization", "Bearer \(try instance.serviceToken())")]).status == 403)
        #expect(instance.ask("GET", "/profile/me").status == 401)
    }

    @Test func `SIM-30 the legacy login answers those who know the password`() throws {
        var instance = try Instance()
        let good = instance.ask("POST", "/api/domain/login", body: #"{"user":"m.petrova","pass":"wonder-Land_1","app":"x","lang":"en"}"#)
        #expect(try document(good)["authorization"] != nil)
        for body in [#"{"user":"m.petrova","pass":"x"}"#, #"{"user":"svc.sync","pass":""}"#, "x"] {
            #expect(instance.ask("POST", "/api/domain/login", body: body).status == 401)
        }
        #expect(instance.identity.counters["login-requests"] == 4)
    }

    private func mint(_ instance: inout Instance, _ options: String) throws -> String {
        guard case .string(let token)? = try instance.control("reference mint \(options)")["token"] else { throw NoDocument() }
        return token
    }
}

struct LicenceTests {
    @Test func `SIM-25 a slot is taken by the first use of a token, not by its issue`() throws {
        var instance = try Instance()
        let token = try instance.serviceToken()
        #expect(try instance.control("licences")["in_use"] == 0)
        for _ in 0..<3 { _ = instance.api(("Authorization", "Bearer \(token)")) }
        #expect(try instance.control("licences")["in_use"] == 1)
        #expect(instance.identity.counters["sessions-opened"] == 1)
    }

    @Test func `SIM-25 without a free slot the error of the knob comes, and a known session goes on`() throws {
        var instance = try Instance()
        try instance.control("knob licences 1")
        let (first, second) = (try instance.serviceToken(), try instance.serviceToken())
        #expect(instance.api(("Authorization", "Bearer \(first)")).status == 200)
        let refused = instance.api(("Authorization", "Bearer \(second)"))
        #expect(refused.status == 500)
        #expect(try document(refused).description.contains("MaximumLicenseCountExceeded"))
        try instance.control("knob licence-status 503")
        #expect(instance.api(("Authorization", "Bearer \(second)")).status == 503)
        #expect(instance.api(("Authorization", "Bearer \(first)")).status == 200)
        #expect(instance.identity.licences.refused == 2)
    }

    @Test func `SIM-25 twenty minutes idle or an hour of service free the slot`() {
        var pool = LicencePool()
        let enter = { (pool: inout LicencePool, key: String, service: Bool, now: Int) in pool.enter(key, service: service, now: now, slots: 1) }
        #expect(enter(&pool, "a", true, 0))
        #expect(!enter(&pool, "b", true, 1199))
        #expect(enter(&pool, "b", true, 1200))
        for now in stride(from: 1200, to: 4800, by: 1000) { #expect(enter(&pool, "b", true, now)) }
        #expect(!enter(&pool, "c", false, 4799))
        #expect(enter(&pool, "c", false, 4800))
        for now in stride(from: 4800, through: 12_800, by: 1000) { #expect(enter(&pool, "c", false, now)) }
        #expect(pool.opened == 3)
    }
}
