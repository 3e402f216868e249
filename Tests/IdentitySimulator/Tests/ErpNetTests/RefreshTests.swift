import ErpNet
import Keys
import Testing

struct RefreshTests {
    @Test func `SIM-10 a refresh gives a new refresh token and consumes the old one`() throws {
        var instance = try Instance()
        let first = try instance.refreshToken()
        let second = try #require(instance.refresh(first).refreshToken)
        #expect(second != first)
        #expect(instance.refresh(first).error == "invalid_grant")
        let third = try #require(instance.refresh(second).refreshToken)
        let grant = try instance.grant()
        #expect(grant["generation"] == 3)
        #expect(grant["refreshes"] == 2)
        #expect(grant["alive"] == true)
        #expect(grant["current"] == .string(fingerprint(third)))
        #expect(grant["accepted"] == JSON([fingerprint(third)]))
        #expect(instance.identity.counters["refresh-grants:demo.app/portal"] == 2)
        #expect(instance.identity.counters["refresh-refusals"] == 1)
        #expect(instance.identity.counters["reused"] == 1)
    }

    @Test func `SIM-10 in the mode family-revoke a used refresh token ends the grant`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-mode family-revoke")
        let first = try instance.refreshToken()
        let second = try #require(instance.refresh(first).refreshToken)
        #expect(instance.refresh(first).error == "invalid_grant")
        #expect(instance.refresh(second).error == "invalid_grant")
        let grant = try instance.grant()
        #expect(grant["alive"] == false)
        #expect(grant["ended"] == "reuse")
        #expect(grant["accepted"] == [])
        #expect(instance.identity.counters["families-revoked"] == 1)
    }

    @Test func `SIM-10 in a grace period a used refresh token is accepted again`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-mode grace-30")
        let first = try instance.refreshToken()
        let second = try #require(instance.refresh(first).refreshToken)
        instance.wall += 29
        let third = try #require(instance.refresh(first).refreshToken)
        #expect(try instance.grant()["accepted"] == JSON([fingerprint(second), fingerprint(third)]))
        #expect(instance.identity.counters["reused"] == 1)
        instance.wall += 1
        #expect(instance.refresh(first).error == "invalid_grant")
        #expect(instance.identity.counters["reused"] == 2)
        #expect(instance.refresh(second).status == 200)
        #expect(instance.refresh(third).status == 200)
    }

    @Test func `SIM-10 without rotation the refresh token comes back or not, and stays good`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-mode no-rotation")
        let token = try instance.refreshToken()
        #expect(instance.refresh(token).refreshToken == token)
        try instance.control("knob unrotated-answer absent")
        #expect(instance.refresh(token).refreshToken == nil)
        #expect(instance.refresh(token).status == 200)
        #expect(try instance.grant()["generation"] == 1)
        #expect(try instance.grant()["refreshes"] == 3)
    }

    @Test func `SIM-10 an absolute end stays where it was, a sliding one moves`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-ttl 100")
        let first = try instance.refreshToken()
        instance.wall += 90
        let second = try #require(instance.refresh(first).refreshToken)
        instance.wall += 10
        #expect(instance.refresh(second).error == "invalid_grant")
        #expect(try instance.grant()["ended"] == "expired")
        try instance.control("knob refresh-expiry sliding")
        let third = try instance.refreshToken()
        instance.wall += 90
        let fourth = try #require(instance.refresh(third).refreshToken)
        instance.wall += 90
        #expect(instance.refresh(fourth).status == 200)
    }

    @Test func `SIM-10 a Confidential application's grant lives 30 days`() throws {
        var instance = try Instance()
        _ = try instance.refreshToken()
        #expect(try instance.grant()["expires"] == .number(Instance.start + 30 * 86_400))
    }

    @Test(arguments: [
        ("session end all", "logout"), ("password m.petrova new-Word_1", "password-change"), ("grant delete all", "deleted"),
        ("app demo.app/portal ClientType=Public", "app-change"), ("app demo.app/portal IsEnabled=false", "app-change"),
    ])
    func `SIM-10 a refresh token dies with what it hangs on`(line: String, cause: String) throws {
        var instance = try Instance()
        let token = try instance.refreshToken()
        try instance.control(line)
        #expect(try instance.grant()["ended"] == .string(cause))
        try instance.control("app demo.app/portal IsEnabled=true ClientType=Confidential")
        #expect(instance.refresh(token).error == "invalid_grant")
    }

    @Test func `a rotated secret leaves refresh tokens alive`() throws {
        var instance = try Instance()
        let token = try instance.refreshToken()
        try instance.control("app demo.app/portal secret=rotated")
        #expect(instance.refresh(token).error == "invalid_client")
        #expect(instance.refresh(token, client: "&client_id=demo.app%2Fportal&client_secret=rotated").status == 200)
    }

    @Test func `a refresh token is bound to its client, and whoever else presents it changes nothing`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-mode family-revoke")
        let token = try instance.refreshToken()
        #expect(instance.refresh(token, client: "&client_id=demo.app%2Fnative").error == "invalid_grant")
        #expect(instance.refresh(token).status == 200)
    }

    @Test func `no refresh token comes without offline_access or when the knob says so`() throws {
        var instance = try Instance()
        #expect(try instance.signedIn(["scope": "openid read"])["refresh_token"] == nil)
        try instance.control("knob refresh-tokens off")
        #expect(try instance.signedIn()["refresh_token"] == nil)
        #expect(try instance.control("grants")["grants"] == [])
    }

    @Test func `a scope in a refresh is ignored, or narrows and keeps the refresh token`() throws {
        var instance = try Instance()
        let first = try instance.refreshToken(["scope": "openid offline_access read update"])
        let whole = try document(instance.refresh(first, "&scope=read"))
        #expect(whole["scope"] == "openid offline_access read update")
        let second = try whole.string("refresh_token")
        try instance.control("knob refresh-scope narrow")
        let narrow = try document(instance.refresh(second, "&scope=read"))
        #expect(narrow["scope"] == "read")
        #expect(narrow["refresh_token"] == nil)
        #expect(instance.refresh(second, "&scope=sec").error == "invalid_scope")
        #expect(try document(instance.refresh(second, "&scope=read+offline_access"))["refresh_token"] != nil)
    }

    @Test func `SIM-12 a lost response has rotated, a request lost before has not`() throws {
        var instance = try Instance()
        let first = try instance.refreshToken()
        try instance.control("fault token reset when=after grant=refresh_token")
        #expect(instance.token(Instance.machine).status == 200)
        let lost = try #require(instance.refresh(first).refreshToken)
        #expect(instance.identity.faults.faults.isEmpty)
        #expect(try instance.grant()["current"] == .string(fingerprint(lost)))
        #expect(instance.refresh(first).error == "invalid_grant")
    }

    @Test func `SIM-16 quirks bend the tokens of an answer, not the grant`() throws {
        var instance = try Instance()
        let first = try instance.refreshToken()
        try instance.control("fault token quirk refresh-token=missing id-token=empty")
        let bent = try document(instance.refresh(first))
        #expect(bent["refresh_token"] == nil)
        #expect(bent["id_token"] == "")
        #expect(try instance.grant()["generation"] == 2)
    }

    @Test func `a grant can be minted without a browser`() throws {
        var instance = try Instance()
        let minted = try instance.control("grant mint app=demo.app/portal user=a.admin")
        #expect(try instance.refresh(minted.string("refresh_token")).status == 200)
        #expect(throws: ControlError.self) { try instance.control("grant mint app=demo.app/sync user=a.admin") }
        #expect(throws: ControlError.self) { try instance.control("grant delete 99") }
        #expect(try instance.control("grants user=a.admin alive=true client=demo.app/portal")["grants"] != [])
        #expect(try instance.control("grants user=m.petrova")["grants"] == [])
    }

    @Test func `an answer says how long the refresh token lives when the knob says so`() throws {
        var instance = try Instance()
        try instance.control("knob refresh-expires-in on")
        #expect(try instance.signedIn()["refresh_expires_in"] == .number(30 * 86_400))
    }
}
