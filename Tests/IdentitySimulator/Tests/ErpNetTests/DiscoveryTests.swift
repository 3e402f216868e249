import ErpNet
import Keys
import Testing

struct DiscoveryTests {
    @Test func `SIM-01 both addresses answer, each until it is switched off`() throws {
        var instance = try Instance()
        #expect(try document(instance.ask("GET", "/sys/auto-discovery")) == document(instance.ask("GET", "/tools/auto-discovery")))
        try instance.control("knob sys-auto-discovery off")
        #expect(instance.ask("GET", "/sys/auto-discovery").status == 404)
        #expect(instance.ask("GET", "/tools/auto-discovery").status == 200)
        try instance.control("knob tools-auto-discovery off")
        #expect(instance.ask("GET", "/tools/auto-discovery").status == 404)
    }

    @Test func `SIM-01 the new shape names the host, the database and a type nobody knows`() throws {
        var instance = try Instance()
        let sites = try document(instance.ask("GET", "/sys/auto-discovery"))
        #expect(sites["Host"] == "orchid.my.erp.net")
        #expect(sites["DbName"] == "ORCHID PROD")
        let text = sites.description
        #expect(text.contains(#""Type":"ID","Status":"Working","StatusDescription":"","Url":"https://orchid.my.erp.net/id","System":true"#))
        #expect(text.contains(#""AdditionalProperties":{"ODataServiceRoot":"https://orchid.my.erp.net/api/domain/odata/"}"#))
        #expect(text.contains(#""Type":"FutureThing""#))
    }

    @Test func `SIM-01 the old shape has only the sites`() throws {
        var instance = try Instance()
        try instance.control("knob auto-discovery-shape old")
        #expect(try document(instance.ask("GET", "/sys/auto-discovery")).members.map(\.name) == ["WebSites"])
    }

    @Test(arguments: [
        ("id-status NotWorking", #""Type":"ID","Status":"NotWorking""#), ("id-url https://elsewhere.example/id", #""Url":"https://elsewhere.example/id""#),
    ])
    func `SIM-01 the ID site is as the knob says`(knob: String, shown: String) throws {
        var instance = try Instance()
        try instance.control("knob \(knob)")
        #expect(try document(instance.ask("GET", "/tools/auto-discovery")).description.contains(shown))
    }

    @Test func `SIM-01 the ID site and the OData root can be left out`() throws {
        var instance = try Instance()
        try instance.control("knob id-url absent")
        try instance.control("knob odata-root off")
        let text = try document(instance.ask("GET", "/sys/auto-discovery")).description
        #expect(!text.contains(#""Type":"ID""#))
        #expect(!text.contains("ODataServiceRoot"))
    }

    @Test(arguments: [
        ("exact", "https://orchid.my.erp.net/id"), ("slash", "https://orchid.my.erp.net/id/"), ("wrong", "https://other.example/id"),
        ("http", "http://orchid.my.erp.net/id"), ("upper", "https://orchid.my.erp.net/ID"), ("missing", nil),
    ])
    func `SIM-02 the metadata names the issuer that the knob says`(knob: String, issuer: String?) throws {
        var instance = try Instance()
        try instance.control("knob issuer \(knob)")
        let metadata = try document(instance.ask("GET", "/id/.well-known/openid-configuration"))
        #expect(metadata["issuer"] == issuer.map { .string($0) })
        #expect(metadata["token_endpoint"] == "https://orchid.my.erp.net/id/connect/token")
    }

    @Test func `SIM-02 any member can be replaced or taken away`() throws {
        var instance = try Instance()
        try instance.control(#"metadata set token_endpoint "http://orchid.my.erp.net/id/connect/token""#)
        try instance.control(#"metadata set grant_types_supported ["client_credentials", 7]"#)
        try instance.control("metadata remove jwks_uri")
        let text = try document(instance.ask("GET", "/id/.well-known/openid-configuration")).description
        #expect(text.contains(#""token_endpoint":"http://orchid.my.erp.net/id/connect/token""#))
        #expect(text.contains(#""grant_types_supported":["client_credentials", 7]"#))
        #expect(!text.contains("jwks_uri"))
        try instance.control("metadata reset")
        #expect(try document(instance.ask("GET", "/id/.well-known/openid-configuration"))["jwks_uri"] != nil)
    }

    @Test func `SIM-02 optional members and the read scope are knobs`() throws {
        var instance = try Instance()
        let before = try document(instance.ask("GET", "/id/.well-known/openid-configuration"))
        #expect(before["userinfo_endpoint"] == nil)
        #expect(before["scopes_supported"] == ["openid", "profile", "offline_access", "update"])
        try instance.control("knob optional-metadata on")
        try instance.control("knob read-in-scopes on")
        let after = try document(instance.ask("GET", "/id/.well-known/openid-configuration"))
        #expect(after["revocation_endpoint"] != nil)
        #expect(after["scopes_supported"] == ["openid", "profile", "offline_access", "update", "read"])
    }

    @Test func `a discovery page answers only GET`() throws {
        var instance = try Instance()
        #expect(instance.ask("POST", "/sys/auto-discovery").status == 405)
    }
}

struct KeyRingTests {
    @Test func `SIM-03 a key is announced, signs, is retired and removed`() throws {
        var instance = try Instance()
        let first = instance.identity.keys.signing.kid
        let old = try instance.serviceToken()
        guard case .string(let next)? = try instance.control("keys announce")["kid"] else { return #expect(Bool(false)) }
        #expect(try published(&instance) == [first, next])
        #expect(instance.identity.keys.signing.kid == first)
        try instance.control("keys sign \(next)")
        #expect(instance.identity.keys.signing.kid == next)
        #expect(instance.api(("Authorization", "Bearer \(old)")).status == 200)
        try instance.control("keys remove \(first)")
        #expect(try published(&instance) == [next])
        #expect(instance.api(("Authorization", "Bearer \(old)")).status == 401)
        #expect(throws: ControlError.self) { try instance.control("keys remove \(next)") }
    }

    @Test func `SIM-03 a key can sign before it is published`() throws {
        var instance = try Instance()
        let first = instance.identity.keys.signing.kid
        try instance.control("keys unpublished fetches=2")
        let hidden = instance.identity.keys.signing.kid
        #expect(hidden != first)
        #expect(try published(&instance) == [first])
        #expect(try published(&instance) == [first])
        #expect(try published(&instance) == [first, hidden])
        try instance.control("keys unpublished")
        for _ in 0..<5 { #expect(try published(&instance) == [first, hidden]) }
    }

    @Test func `SIM-03 a published key is RSA-2048 with a kid of 32 hex digits`() throws {
        var instance = try Instance()
        guard case .array(let keys)? = try document(instance.ask("GET", "/id/.well-known/openid-configuration/jwks"))["keys"] else {
            return #expect(Bool(false))
        }
        let key = try #require(keys.first)
        #expect(key.members.map(\.name) == ["kty", "use", "alg", "kid", "e", "n"])
        #expect(key["e"] == "AQAB")
        guard case .string(let modulus)? = key["n"], case .string(let kid)? = key["kid"] else { return #expect(Bool(false)) }
        #expect(base64urlDecoded(modulus)?.count == 256)
        #expect(kid.count == 32)
    }

    private func published(_ instance: inout Instance) throws -> [String] {
        guard case .array(let keys)? = try document(instance.ask("GET", "/id/.well-known/openid-configuration/jwks"))["keys"] else { return [] }
        return keys.compactMap { if case .string(let kid)? = $0["kid"] { kid } else { nil } }
    }
}
