import ErpNet
import Keys
import Testing

struct UserTokenTests {
    @Test func `SIM-14 a user's access token has ERP.net's claims`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let text = try claims(answer["access_token"]?.text)
        for part in [
            "\"sub\":\"m.petrova\"", "\"is_admin\":\"false\"", "\"email_verified\":\"true\"", "\"db\":\"ORCHID PROD\"", "\"amr\":[\"pwd\"]",
            "\"id\":\"5d0a3c52-8a0e-4c55-9d7e-0f6b2f3f1c11\"", "\"scope\":[\"openid\",\"profile\",\"read\",\"offline_access\"]",
        ] { #expect(text.contains(part)) }
        #expect(!text.contains("client_db"))
        let identity = try claims(instance.signedIn(["scope": "openid profile"])["access_token"]?.text)
        #expect(identity.contains("\"aud\":\"https://orchid.my.erp.net/id/resources\""))
    }

    @Test func `SIM-15 the ID token of a code repeats nonce and state and vouches for the access token`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let text = try claims(answer["id_token"]?.text)
        #expect(text.contains("\"nonce\":\"n-0c2f1b7e9a\""))
        #expect(text.contains("\"s_hash\":\"mWVk-zc64MjQy7hyBehqIw\""))
        #expect(try text.contains("\"at_hash\":\"\(JWT.halfHash(answer.string("access_token")))\""))
        #expect(text.contains("\"aud\":\"demo.app/portal\""))
        #expect(text.contains("\"exp\":\(Instance.start + 300)"))
        #expect(!text.contains("c_hash"))
    }

    @Test func `SIM-15 the ID token of the front channel vouches for code and state`() throws {
        var instance = try Instance()
        try instance.control("knob auto-login m.petrova")
        let fields = try answer(instance.authorize(Instance.hybrid))
        let text = try claims(fields["id_token"])
        let code = try #require(fields["code"])
        #expect(text.contains("\"c_hash\":\"\(JWT.halfHash(code))\""))
        #expect(text.contains("\"s_hash\":\"mWVk-zc64MjQy7hyBehqIw\""))
        #expect(!text.contains("at_hash"))
    }

    @Test func `the hashes are those of the vectors`() {
        #expect(JWT.halfHash("7C1F0A94D2E35B68A1F7C09E4B2D6358F0E19A7C34B5D682E9017FA3C6B48D25") == "TT2ZqtSSEOpFYV3hKrv3GA")
        #expect(JWT.halfHash("EXAMPLE.ACCESS.TOKEN") == "m5jikpg7pGA4UnJQ9Akp0Q")
    }

    @Test func `SIM-11 the ID token of a refresh has no nonce and keeps sid, sub and auth_time`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let session = try #require(instance.identity.sessions.all.last?.signIn)
        instance.wall += 50
        let refreshed = try document(instance.refresh(try answer.string("refresh_token")))
        let text = try claims(refreshed["id_token"]?.text)
        for part in ["\"sid\":\"\(session.sessionID)\"", "\"sub\":\"m.petrova\"", "\"auth_time\":\(Instance.start)"] { #expect(text.contains(part)) }
        #expect(!text.contains("nonce"))
        #expect(!text.contains("s_hash"))
        #expect(text.contains("\"iat\":\(Instance.start + 50)"))
    }

    @Test func `SIM-11 jti and iat are repeated when the knob says so`() throws {
        var instance = try Instance()
        try instance.control("knob repeat-claims on")
        let answer = try instance.signedIn()
        let first = try answer.string("access_token")
        instance.wall += 50
        let second = try document(instance.refresh(try answer.string("refresh_token")))["access_token"]?.text
        let pattern = #/"jti":"(\w+)"/#
        #expect(try claims(first).firstMatch(of: pattern)?.1 == claims(second).firstMatch(of: pattern)?.1)
        #expect(try claims(second).contains("\"iat\":\(Instance.start),"))
        #expect(try claims(second).contains("\"nbf\":\(Instance.start + 50)"))
    }

    @Test(arguments: ["iss", "aud", "sub", "nonce", "exp", "iat", "nbf", "sid", "auth_time", "at_hash", "s_hash"])
    func `SIM-15 each claim of an ID token can be bent or taken away`(claim: String) throws {
        var instance = try Instance()
        try instance.control("id-token set \(claim) \"a b\"")
        #expect(try claims(instance.signedIn()["id_token"]?.text).contains("\"\(claim)\":\"a b\""))
        try instance.control("id-token remove \(claim)")
        #expect(try !claims(instance.signedIn()["id_token"]?.text).contains("\"\(claim)\":"))
        try instance.control("id-token set \(claim) now-10")
        #expect(try claims(instance.signedIn()["id_token"]?.text).contains("\"\(claim)\":\(Instance.start - 10)"))
        try instance.control("knob id-token-flaw-in front")
        #expect(try !claims(instance.signedIn()["id_token"]?.text).contains("\"\(claim)\":\(Instance.start - 10)"))
        try instance.control("id-token reset")
    }

    @Test(arguments: JWT.Flaw.allCases)
    func `SIM-15 the signature and the header of an ID token can be wrong`(flaw: JWT.Flaw) throws {
        var instance = try Instance()
        try instance.control("knob id-token-flaw \(flaw.rawValue)")
        let token = try #require(instance.signedIn()["id_token"]?.text)
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        let key = instance.identity.keys.signing
        let verifies = key.key.verifies(try #require(base64urlDecoded(parts[2])), of: Array("\(parts[0]).\(parts[1])".utf8))
        let head = try header(token)
        switch flaw {
        case .none: #expect(verifies && head == #"{"alg":"RS256","kid":"\#(key.kid)","typ":"JWT"}"#)
        case .brokenSignature, .wrongKey: #expect(!verifies && head.contains(key.kid))
        case .noSignature: #expect(parts[2].isEmpty && head.contains("RS256"))
        case .algNone: #expect(parts[2].isEmpty && head.contains(#""alg":"none""#))
        case .hs256: #expect(head.contains(#""alg":"HS256""#) && base64urlDecoded(parts[2])?.count == 32)
        case .wrongKid: #expect(verifies && !head.contains(key.kid))
        case .noKid: #expect(verifies && !head.contains("kid"))
        case .wrongTyp: #expect(verifies && head.contains(#""typ":"at+jwt""#))
        case .noTyp: #expect(verifies && !head.contains("typ"))
        }
    }

    @Test func `ID tokens can be left out`() throws {
        var instance = try Instance()
        try instance.control("knob id-tokens not-on-refresh")
        let answer = try instance.signedIn()
        #expect(answer["id_token"] != nil)
        #expect(try document(instance.refresh(answer.string("refresh_token")))["id_token"] == nil)
        try instance.control("knob id-tokens not-in-front")
        #expect(try ErpNetTests.answer(instance.authorize(Instance.hybrid))["id_token"] == nil)
        try instance.control("knob id-tokens off")
        #expect(try instance.signedIn()["id_token"] == nil)
    }

    @Test func `SIM-22 the API and the Profile site know the person behind a token`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let bearer = ("Authorization", "Bearer " + (try answer.string("access_token")))
        #expect(instance.api(bearer).status == 200)
        #expect(instance.api(bearer, method: "POST").status == 403)
        #expect(try document(instance.ask("GET", "/profile/me", [bearer]))["login"] == "m.petrova")
        #expect(try instance.api(("Authorization", "Bearer " + (answer.string("id_token")))).status == 401)
        #expect(try document(instance.ask("GET", "/id/connect/userinfo", [bearer]))["email"] == "m.petrova@demo.example")
    }

    @Test func `SIM-25 refreshed tokens share the licence slot of their session`() throws {
        var instance = try Instance()
        let answer = try instance.signedIn()
        let refreshed = try document(instance.refresh(try answer.string("refresh_token")))
        for answer in [answer, refreshed] {
            #expect(try instance.api(("Authorization", "Bearer " + (answer.string("access_token")))).status == 200)
        }
        #expect(try instance.control("licences")["in_use"] == 1)
        let other = try instance.signedIn(user: "a.admin")
        _ = instance.api(("Authorization", "Bearer " + (try other.string("access_token"))))
        #expect(try instance.control("licences")["in_use"] == 2)
    }
}
