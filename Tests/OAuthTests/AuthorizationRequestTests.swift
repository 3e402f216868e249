import OAuth
import Secrets
import Testing

struct `The authorization request` {
    private func request(_ change: (inout AuthorizationRequest) -> Void = { _ in }) -> AuthorizationRequest {
        var request = AuthorizationRequest(
            clientID: "com.example.orchid/desk", redirectURI: "http://127.0.0.1:53682/cb/orchid", scopes: ["openid", "profile", "offline_access", "read"],
            state: Secret("q3VnR0s1dGg2TnBZd0J4Mg"), nonce: Secret("n-0c2f1b7e9a"), challenge: "LZEAJ5XS6ANWHiwtIZmTTrLb8cxCKfm2YyAc1kzMkPk")
        change(&request)
        return request
    }

    private func parameters(_ url: String) -> [String: [String]] {
        let query = url.split(separator: "?", maxSplits: 1)[1]
        return Dictionary(grouping: query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }, by: { $0[0] })
            .mapValues { $0.map { $0[1] } }
    }

    @Test func `AC-01 AC-04 AC-05 AC-06 AC-22 AC-23 the URL matches the example of ERP.net`() throws {
        #expect(
            try request().url(at: orchid())
                == "https://orchid.my.erp.net/id/connect/authorize?response_type=code&client_id=com.example.orchid%2Fdesk"
                + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A53682%2Fcb%2Forchid&scope=openid%20profile%20offline_access%20read"
                + "&state=q3VnR0s1dGg2TnBZd0J4Mg&nonce=n-0c2f1b7e9a&code_challenge=LZEAJ5XS6ANWHiwtIZmTTrLb8cxCKfm2YyAc1kzMkPk"
                + "&code_challenge_method=S256")
    }

    @Test func `AC-22 a plus sign is encoded, because a server would decode it to a space`() throws {
        #expect(try request { $0.clientID = "orchid+desk" }.url(at: orchid()).contains("&client_id=orchid%2Bdesk&"))
    }

    @Test func `AC-03 DISC-12 S256 is sent if the server lists no methods, and nothing weaker is sent`() throws {
        for methods in ["", #","code_challenge_methods_supported":["plain","S256"]"#, #","code_challenge_methods_supported":[]"#] {
            #expect(try parameters(request().url(at: orchid(methods)))["code_challenge_method"] == ["S256"])
        }
        let failure = #expect(throws: ExchangeFailure.self) {
            try request().url(at: orchid(#","code_challenge_methods_supported":["plain"]"#))
        }
        #expect(failure?.law == .configuration)
        #expect(failure?.text.contains("S256") == true)
    }

    @Test func `AC-06 a nonce is sent only if an ID token will repeat it`() throws {
        let plain = request { $0.scopes = ["read"] }
        #expect(try parameters(plain.url(at: orchid()))["nonce"] == nil)
        #expect(!plain.asksForIDToken)
        #expect(request().asksForIDToken)
    }

    @Test func `HYB-02 HYB-03 the hybrid flow uses form_post and a nonce`() throws {
        let parameters = try parameters(request { $0.responseType = .codeAndIdentity }.url(at: orchid()))
        #expect(parameters["response_type"] == ["code%20id_token"])
        #expect(parameters["response_mode"] == ["form_post"])
        #expect(parameters["nonce"] == ["n-0c2f1b7e9a"])
        #expect(try self.parameters(request().url(at: orchid()))["response_mode"] == nil)
    }

    @Test(arguments: [
        (#"["code","code id_token"]"#, true), (#"["id_token code"]"#, true), (#"["code","token"]"#, false), (#"["code id_token token"]"#, false),
    ])
    func `HYB-01 the order of the words of a response type does not matter`(types: String, isSupported: Bool) throws {
        let metadata = try orchid(#","response_types_supported":\#(types)"#)
        let hybrid = request { $0.responseType = .codeAndIdentity }
        let failure = Result { () throws(ExchangeFailure) in try hybrid.url(at: metadata) }.failure
        #expect((failure == nil) == isSupported)
        if let failure {
            #expect(failure.law == .configuration)
            #expect(failure.text.hasSuffix("use 'code'"))
        }
        #expect(try request().url(at: metadata).contains("response_type=code&"))
    }

    @Test func `the hybrid flow requires the scope openid`() {
        let hybrid = request {
            $0.responseType = .codeAndIdentity
            $0.scopes = ["read"]
        }
        #expect(throws: ExchangeFailure.self) { try hybrid.url(at: orchid()) }
    }

    @Test func `AC-23 no response type sends an access token through the browser`() {
        #expect(AuthorizationRequest.ResponseType.allCases.map(\.rawValue) == ["code", "code id_token"])
    }

    @Test func `AC-26 prompt, login_hint, max_age and ui_locales are sent`() throws {
        let request = request {
            $0.prompt = "login"
            $0.loginHint = "m.petrova@orchid.example"
            $0.maxAge = 600
            $0.uiLocales = "bg en"
            $0.audience = Audience(parameter: .resource, value: "https://api.example/")
        }
        let parameters = try parameters(request.url(at: orchid()))
        #expect(parameters["prompt"] == ["login"])
        #expect(parameters["login_hint"] == ["m.petrova%40orchid.example"])
        #expect(parameters["max_age"] == ["600"])
        #expect(parameters["ui_locales"] == ["bg%20en"])
        #expect(parameters["resource"] == ["https%3A%2F%2Fapi.example%2F"])
        let none = try self.parameters(self.request().url(at: orchid()))
        for name in ["prompt", "login_hint", "max_age", "ui_locales", "resource", "audience"] { #expect(none[name] == nil) }
    }

    @Test(arguments: [
        ("?tenant=7", "?tenant=7&response_type=code&"), ("?", "?response_type=code&"), ("?a=b&", "?a=b&response_type=code&"), ("", "?response_type=code&"),
    ])
    func `AC-21 the query of the endpoint is kept`(query: String, expected: String) throws {
        #expect(try request().url(at: pinned("https://idp.example/authorize" + query)).hasPrefix("https://idp.example/authorize" + expected))
    }

    @Test(arguments: ["redirect_uri=https://evil.example", "state", "x=1&client_id=other"])
    func `AC-15 AC-21 a parameter of the endpoint is not repeated`(query: String) throws {
        let failure = #expect(throws: ExchangeFailure.self) { try request().url(at: pinned("https://idp.example/authorize?" + query)) }
        #expect(failure?.law == .configuration)
    }

    @Test func `a missing authorization endpoint is a configuration failure`() throws {
        var discovery = Discovery(ServerSettings(location: .issuer("https://idp.example")))
        _ = discovery.begin()
        let document = #"{"issuer":"https://idp.example","token_endpoint":"https://idp.example/token"}"#
        let metadata = try #require(discovery.receive(answer(200, document), now: now).metadata)
        let failure = #expect(throws: ExchangeFailure.self) { try request().url(at: metadata) }
        #expect(failure?.text.contains("authorization_endpoint") == true)
    }

    @Test(arguments: [("token_endpoint", "token"), ("jwks_uri", "jwks")])
    func `a sign-in does not start if the code could not be redeemed or the ID token not be verified`(missing: String, key: String) throws {
        let members = ["authorization_endpoint", "token_endpoint", "jwks_uri"].filter { $0 != missing }.map { #""\#($0)":"https://idp.example/\#($0)""# }
        var discovery = Discovery(ServerSettings(location: .issuer("https://idp.example")))
        _ = discovery.begin()
        let document = #"{"issuer":"https://idp.example",\#(members.joined(separator: ","))}"#
        let metadata = try #require(discovery.receive(answer(200, document), now: now).metadata)
        let failure = #expect(throws: ExchangeFailure.self) { try request().url(at: metadata) }
        #expect(failure?.text == "the metadata of 'https://idp.example' name no \(missing); if there is one, write it under [endpoints] as \(key)")
    }

    @Test func `the metadata have the defaults and values that a sign-in needs`() throws {
        let silent = try orchid()
        #expect(silent.identityAlgorithms == ["RS256"])
        #expect(silent.responseTypes == [])
        #expect(!silent.namesIssuerInResponses)
        #expect(try silent.url(of: .endSession).path == "/id/connect/endsession")
        let more = #"""
            ,"id_token_signing_alg_values_supported":["ES256","PS256"],"response_types_supported":["code"],
            "authorization_response_iss_parameter_supported":true
            """#
        let told = try orchid(more)
        #expect(told.identityAlgorithms == ["ES256", "PS256"])
        #expect(told.responseTypes == ["code"])
        #expect(told.namesIssuerInResponses)
        #expect(try !orchid(#","authorization_response_iss_parameter_supported":"true""#).namesIssuerInResponses)
    }

    private func pinned(_ authorization: String) throws -> ServerMetadata {
        var settings = ServerSettings(location: .issuer("https://idp.example"))
        settings.endpoints.token = "https://idp.example/token"
        settings.endpoints.authorization = authorization
        settings.endpoints.jwks = "https://idp.example/keys"
        var discovery = Discovery(settings)
        _ = discovery.begin()
        return try #require(discovery.receive(answer(200, #"{"issuer":"https://idp.example"}"#), now: now).metadata)
    }

    @Test func `LOG-01 a printed request shows neither state nor nonce`() {
        let request = request {
            $0.state = Secret("canary-1")
            $0.nonce = Secret("canary-2")
        }
        var dumped = ""
        dump(request, to: &dumped)
        #expect(!(dumped + "\(request)").contains("canary"))
    }
}
