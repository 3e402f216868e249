import OAuth
import Secrets
import Testing

struct `Finding the endpoints` {
    private let issuer = "https://orchid.my.erp.net/id"

    private func document(_ issuer: String = "https://orchid.my.erp.net/id", token: String? = nil, more: String = "") -> String {
        let token = token ?? "https://orchid.my.erp.net/id/connect/token"
        return #"{"issuer":"\#(issuer)","token_endpoint":"\#(token)"\#(more)}"#
    }

    private func begun(_ settings: ServerSettings) -> (Discovery, DiscoveryStep) {
        var discovery = Discovery(settings)
        let step = discovery.begin()
        return (discovery, step)
    }

    /// The result of the first response.
    private func after(_ result: EndpointResult, issuer: String = "https://orchid.my.erp.net/id") -> DiscoveryStep {
        var (discovery, _) = begun(ServerSettings(location: .issuer(issuer)))
        return discovery.receive(result, now: now)
    }

    @Test(arguments: [
        ("https://orchid.my.erp.net/id", "https://orchid.my.erp.net/id/.well-known/openid-configuration"),
        ("https://orchid.my.erp.net/id/", "https://orchid.my.erp.net/id/.well-known/openid-configuration"),
        ("https://idp.example", "https://idp.example/.well-known/openid-configuration"),
        ("https://idp.example:8443/", "https://idp.example:8443/.well-known/openid-configuration"),
    ])
    func `DISC-01 the suffix is appended to the issuer`(issuer: String, url: String) {
        #expect(begun(ServerSettings(location: .issuer(issuer))).1.url == url)
    }

    @Test(arguments: [
        ("https://idp.example/tenant/7", "https://idp.example/.well-known/oauth-authorization-server/tenant/7"),
        ("https://idp.example/a/", "https://idp.example/.well-known/oauth-authorization-server/a"),
        ("https://idp.example", "https://idp.example/.well-known/oauth-authorization-server"),
    ])
    func `DISC-02 the metadata of RFC 8414 are between host and path`(issuer: String, url: String) {
        #expect(after(answer(404), issuer: issuer).url == url)
    }

    @Test(arguments: [400, 401, 403, 404, 405, 410])
    func `DISC-03 the second location is tried if the first has no metadata`(status: Int) throws {
        var (discovery, _) = begun(ServerSettings(location: .issuer(issuer)))
        #expect(discovery.receive(answer(status), now: now).url != nil)
        let metadata = try #require(discovery.receive(answer(200, document()), now: now).metadata)
        #expect(try metadata.url(of: .token).text == "https://orchid.my.erp.net/id/connect/token")
    }

    @Test func `missing metadata are a configuration failure that names the first location`() throws {
        var (discovery, _) = begun(ServerSettings(location: .issuer(issuer)))
        _ = discovery.receive(answer(404), now: now)
        let failure = try #require(discovery.receive(answer(403), now: now).failure)
        #expect(failure.law == .silent)
        #expect(failure.reach == .credential)
        #expect(failure.text.contains("'https://orchid.my.erp.net/id/.well-known/openid-configuration' answered 404"))
    }

    @Test(arguments: [
        "https://orchid.my.erp.net/id/", "https://orchid.my.erp.net", "https://ORCHID.my.erp.net/id", "https://orchid.my.erp.net:443/id",
        "http://orchid.my.erp.net/id", "https://evil.example/id", "https://orchid.my.erp.net/%69d", "",
    ])
    func `DISC-04 DISC-05 metadata of another issuer are rejected, however similar`(named: String) throws {
        let failure = try #require(after(answer(200, document(named))).failure)
        #expect(failure.law == .configuration)
        #expect(failure.text.contains("'\(issuer)'"))
    }

    @Test func `DISC-05 issuers are compared by code points, not by appearance`() throws {
        // the Kelvin sign, which `String` equates with the letter
        let failure = after(answer(200, document("https://idp.example/\u{212A}iosk")), issuer: "https://idp.example/Kiosk").failure
        #expect(failure?.law == .configuration)
        #expect(after(answer(200, #"{"token_endpoint":"https://orchid.my.erp.net/t"}"#)).failure?.text.contains("no issuer") == true)
        #expect(after(answer(200, #"{"issuer":["https://orchid.my.erp.net/id"]}"#)).failure?.law == .configuration)
    }

    @Test(arguments: ["", "<html>login</html>", "[]", "null", #"{"issuer":"x","issuer":"y"}"#, "issuer=x"])
    func `DISC-06 only a JSON object is accepted, and another page may pass`(body: String) throws {
        var (discovery, _) = begun(ServerSettings(location: .issuer(issuer)))
        _ = discovery.receive(answer(200, body), now: now)
        let failure = try #require(discovery.receive(answer(200, body), now: now).failure)
        #expect(failure.law == .answered(retryAfter: nil))
        #expect(failure.reach == .credential)
    }

    @Test(arguments: [201, 204, 206])
    func `DISC-06 only the status 200 is accepted`(status: Int) {
        #expect(after(answer(status, document())).metadata == nil)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `NET-05 a redirect is not followed`(status: Int) throws {
        let failure = try #require(after(answer(status)).failure)
        #expect(failure.law == .silent)
        #expect(failure.text.contains("redirect"))
    }

    @Test(arguments: [
        (429, ExchangeFailure.Reach.server), (503, .server), (500, .credential), (502, .credential), (504, .credential), (408, .credential), (599, .credential),
    ])
    func `a server with errors is asked again later`(status: Int, reach: ExchangeFailure.Reach) throws {
        let failure = try #require(after(answer(status, retryAfter: "17")).failure)
        #expect(failure.law == .answered(retryAfter: 17))
        #expect(failure.reach == reach)
        #expect(failure.status == status)
    }

    @Test(arguments: [
        (TransportFault.Kind.unreachable, true, ExchangeFailure.Law.unsent, ExchangeFailure.Reach.server),
        (.certificateTime, true, .unsent, .server), (.certificate, true, .unsent, .credential), (.unusable, true, .configuration, .credential),
        (.broken, false, .unsent, .credential), (.broken, true, .unsent, .credential), (.tooLarge, false, .unsent, .credential),
        (.stopped, false, .unsent, .credential),
    ])
    func `a request for metadata consumes nothing, so its result is never unknown`(
        kind: TransportFault.Kind, unsent: Bool, law: ExchangeFailure.Law, reach: ExchangeFailure.Reach
    ) throws {
        let failure = try #require(after(fault(kind, unsent: unsent)).failure)
        #expect(failure.law == law)
        #expect(failure.reach == reach)
        #expect(failure.text == "could not get metadata from 'https://orchid.my.erp.net/id/.well-known/openid-configuration': it broke")
    }

    @Test(arguments: [
        "http://orchid.my.erp.net/token", "https://orchid.my.erp.net/token#x", "/id/connect/token", "https://a@orchid.my.erp.net/token", "",
        "https://orchid.my.erp.net/to ken",
    ])
    func `DISC-08 an endpoint must be https and carry no fragment`(url: String) throws {
        let metadata = try #require(after(answer(200, document(token: url))).metadata)
        #expect(throws: ExchangeFailure.self) { try metadata.url(of: .token) }
    }

    @Test(arguments: [
        "https://evil.example/token", "https://orchid.my.erp.net.evil.example/token", "https://169.254.169.254/token", "https://127.0.0.1/token",
        "https://[::1]/token", "https://10.0.0.7/token",
    ])
    func `DISC-09 NET-12 an endpoint on another host is used only if it is pinned`(url: String) throws {
        let metadata = try #require(after(answer(200, document(token: url))).metadata)
        let failure = #expect(throws: ExchangeFailure.self) { try metadata.url(of: .token) }
        #expect(failure?.law == .configuration)
        #expect(failure?.text.hasSuffix("; if that is meant, write token = \"\(url)\" under [endpoints]") == true)
    }

    @Test(arguments: [8443, 9000, 80]) func `DISC-09 an endpoint on another port of the issuer's host is used`(port: Int) throws {
        let metadata = try #require(after(answer(200, document(token: "https://orchid.my.erp.net:\(port)/token"))).metadata)
        #expect(try metadata.url(of: .token).port == port)
    }

    @Test func `an invalid endpoint does not affect the others`() throws {
        let more = #","revocation_endpoint":"http://orchid.my.erp.net/r","jwks_uri":"https://keys.example/j","introspection_endpoint":7"#
        let metadata = try #require(after(answer(200, document(more: more))).metadata)
        #expect(try metadata.url(of: .token).path == "/id/connect/token")
        for endpoint in [ServerMetadata.Endpoint.revocation, .keys, .introspection, .device] {
            #expect(throws: ExchangeFailure.self) { try metadata.url(of: endpoint) }
        }
    }

    @Test func `DISC-10 missing members have the defaults of the RFC`() throws {
        let metadata = try #require(after(answer(200, document())).metadata)
        #expect(metadata.authenticationMethods == ["client_secret_basic"])
        #expect(metadata.grantTypes == ["authorization_code", "implicit"])
        #expect(metadata.responseModes == ["query", "fragment"])
        #expect(metadata.challengeMethods == [])
    }

    @Test func `DISC-10 DISC-12 members of the server override the defaults`() throws {
        let more = #"""
            ,"token_endpoint_auth_methods_supported":["client_secret_post"],"grant_types_supported":["client_credentials"],
            "response_modes_supported":["form_post"],"code_challenge_methods_supported":["S256"]
            """#
        let metadata = try #require(after(answer(200, document(more: more))).metadata)
        #expect(metadata.authenticationMethods == ["client_secret_post"])
        #expect(metadata.grantTypes == ["client_credentials"])
        #expect(metadata.responseModes == ["form_post"])
        #expect(metadata.challengeMethods == ["S256"])
    }

    @Test func `DISC-11 unknown members are ignored and no path is guessed`() throws {
        let metadata = try #require(after(answer(200, #"{"issuer":"\#(issuer)","x_new":{"a":[1,{}]}}"#)).metadata)
        let failure = #expect(throws: ExchangeFailure.self) { try metadata.url(of: .token) }
        #expect(failure?.text == "the metadata of '\(issuer)' name no token_endpoint; if there is one, write it under [endpoints] as token")
    }

    @Test(
        arguments: [
            (nil, 3600), ("max-age=600", 600), ("max-age=31536000", 86_400), ("max-age=1", 60), ("no-store", 60), ("private", 3600),
        ] as [(String?, Int)])
    func `DISC-14 the freshness lifetime is that of HTTP, within limits`(cacheControl: String?, seconds: Int) {
        #expect(after(answer(200, document(), cacheControl: cacheControl)).freshness == seconds)
    }

    @Test func `DISC-15 a pinned token endpoint takes precedence, and the others are discovered`() throws {
        var settings = ServerSettings(location: .issuer(issuer))
        settings.endpoints.token = "https://other.example/token?tenant=7"
        var (discovery, _) = begun(settings)
        let more = #","jwks_uri":"\#(issuer)/keys","id_token_signing_alg_values_supported":["ES256"],"code_challenge_methods_supported":["S256"]"#
        let metadata = try #require(discovery.receive(answer(200, document(more: more)), now: now).metadata)
        #expect(try metadata.url(of: .token).text == "https://other.example/token?tenant=7")
        #expect(try metadata.url(of: .keys).text == "\(issuer)/keys")
        #expect(metadata.identityAlgorithms == ["ES256"])
        #expect(metadata.challengeMethods == ["S256"])
        #expect(metadata.issuer == issuer)
    }

    @Test(arguments: [
        ("https://orchid.my.erp.net/id/", "write issuer = \"https://orchid.my.erp.net/id/\""),
        ("https://orchid.my.erp.net", "write issuer = \"https://orchid.my.erp.net\""),
        ("https://evil.example/id", "if that server is meant, write issuer = \"https://evil.example/id\""),
        ("http://orchid.my.erp.net/id", "check the configured issuer, which must be the same to the letter"),
        (
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "write the issuer of your own, with its id in place of the braces (at Entra the directory (tenant) id)"
        ),
    ])
    func `DISC-04 a document of another issuer is reported with the value to write`(named: String, remedy: String) throws {
        let text = try #require(after(answer(200, document(named))).failure).text
        #expect(text.contains("name the issuer '\(named)', not '\(issuer)'"))
        #expect(text.hasSuffix(remedy))
    }

    @Test(arguments: [
        (
            "https://login.orchid.example/.well-known/openid-configuration",
            "a redirect to 'https://login.orchid.example/.well-known/openid-configuration', which is never followed; "
                + "if that server is meant, write issuer = \"https://login.orchid.example\""
        ),
        (
            "/auth/.well-known/openid-configuration?x=1",
            "a redirect to '/auth/.well-known/openid-configuration', which is never followed; "
                + "if that server is meant, write issuer = \"https://orchid.my.erp.net/auth\""
        ),
        ("https://cdn.example/?u=secret#f", "a redirect to 'https://cdn.example/', which is never followed; check the configured address"),
        (nil, "a redirect, which is never followed; check the configured address"),
    ])
    func `NET-05 a redirect of the metadata is reported with the value to write`(location: String?, remedy: String) throws {
        let redirect = EndpointResult.response(EndpointResponse(status: 301, location: location, body: Secret("")))
        #expect(try #require(after(redirect).failure).text.hasSuffix("answered 301, " + remedy))
    }

    @Test func `DISC-15 any other pinned endpoint overrides the discovered one, on any host`() throws {
        var settings = ServerSettings(location: .issuer(issuer))
        settings.endpoints.revocation = "https://other.example/revoke"
        var (discovery, _) = begun(settings)
        let found = discovery.receive(answer(200, document(more: #","revocation_endpoint":"https://orchid.my.erp.net/r""#)), now: now)
        #expect(try found.metadata?.url(of: .revocation).text == "https://other.example/revoke")
    }

    @Test func `an issuer that is not a URL and an unexpected response do no harm`() {
        #expect(begun(ServerSettings(location: .issuer("http://idp.example"))).1.failure?.law == .configuration)
        var discovery = Discovery(ServerSettings(location: .issuer(issuer)))
        #expect(discovery.receive(answer(200, document()), now: now).failure != nil)
    }

    @Test func `LOG-05 a malicious document cannot put control characters into a log`() throws {
        let failure = try #require(after(answer(200, document(#"https:\/\/x\u000a\u001b[31mERROR"# + String(repeating: "é", count: 500)))).failure)
        #expect(failure.text.utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect(failure.text.utf8.count < 600)
    }
}
