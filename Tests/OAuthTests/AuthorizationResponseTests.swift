import OAuth
import Secrets
import Testing

struct `The answer of a browser` {
    private func pending(
        _ responseType: AuthorizationRequest.ResponseType = .code, redirectURI: String = "http://127.0.0.1:53682/cb/orchid", more: String = ""
    ) throws -> PendingAuthorization {
        let request = AuthorizationRequest(
            clientID: "com.example.orchid/desk", redirectURI: redirectURI, scopes: ["openid", "read"], responseType: responseType,
            state: Secret("q3VnR0s1dGg2TnBZd0J4Mg"), nonce: Secret("n-0c2f1b7e9a"), challenge: "LZEAJ5XS6ANWHiwtIZmTTrLb8cxCKfm2YyAc1kzMkPk")
        return PendingAuthorization(request, to: try orchid(more))
    }

    private func judge(_ text: String, _ pending: PendingAuthorization? = nil) throws -> PendingAuthorization.Evaluation {
        try (pending ?? self.pending()).judge(AuthorizationResponse(Secret(text)))
    }

    private func code(_ judgement: PendingAuthorization.Evaluation) -> String? {
        guard case .granted(let code, _) = judgement else { return nil }
        return code.revealed
    }

    private func ending(_ judgement: PendingAuthorization.Evaluation) -> ExchangeFailure? {
        guard case .ended(let failure) = judgement else { return nil }
        return failure
    }

    private func isStray(_ judgement: PendingAuthorization.Evaluation) -> Bool {
        guard case .stray = judgement else { return false }
        return true
    }

    private let state = "state=q3VnR0s1dGg2TnBZd0J4Mg"

    // MARK: parsing

    @Test(arguments: [
        "code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg", "?code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg", "state=q3VnR0s1dGg2TnBZd0J4Mg&code=7C1F8D25",
        "http://127.0.0.1:53682/cb/orchid?code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg",
        "http://127.0.0.1:53682/cb/orchid?code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg#_=_",
        "&&code=7C1F8D25&&state=q3VnR0s1dGg2TnBZd0J4Mg&", "c%6Fde=7C1F%38D25&st%61te=q3VnR0s1dGg2TnBZd0J4Mg",
        "code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg&error=",
    ])
    func `LOOP-15 a query, a form and a copied URL are parsed alike`(text: String) throws {
        #expect(try code(judge(text)) == "7C1F8D25")
    }

    @Test(arguments: [("a%2Bb%2f%20c", "a+b/ c"), ("a+b", "a b"), ("a%3Db%26c", "a=b&c"), ("a=b=c", "a=b=c"), ("a?b", "a?b"), ("%7e", "~")])
    func `AC-22 values are form-decoded`(written: String, read: String) throws {
        #expect(try code(judge("\(state)&code=\(written)")) == read)
    }

    @Test(arguments: ["session_state=x.y", "scope=openid%20read", "x", "=y", "%00=1", "id_token=a.b.c", "access_token=AT&token_type=Bearer"])
    func `AC-16 unknown parameters are ignored`(extra: String) throws {
        #expect(try code(judge("code=C-1&\(state)&\(extra)")) == "C-1")
    }

    @Test(arguments: [
        "code=C-1&code=C-1", "code=C-1&code=C-2", "code=C-1&c%6fde=C-2", "code=C-1&x=1&x=2", "code=C-1&iss=https://orchid.my.erp.net/id&iss=x",
        "code=C-1&code=", "error=access_denied&error=x",
    ])
    func `AC-15 a repeated parameter ends the sign-in`(parameters: String) throws {
        let failure = try #require(ending(judge("\(state)&\(parameters)")))
        #expect(failure.text == "the answer has a repeated parameter; sign in again")
    }

    @Test(arguments: ["%", "%4", "%zz", "C%", "C-1&x=%g0", "C-1&%=1"])
    func `an invalid percent-encoding ends the sign-in`(code: String) throws {
        #expect(try ending(judge("\(state)&code=\(code)"))?.text.contains("percent-encoding") == true)
    }

    @Test(arguments: ["%0A", "a%00b", "%C3%A9", "%7F", String(repeating: "x", count: 8193)])
    func `an invalid code ends the sign-in`(code: String) throws {
        #expect(try ending(judge("\(state)&code=\(code)"))?.law == .configuration)
    }

    @Test func `the size of a response is limited`() throws {
        #expect(try code(judge("\(state)&code=" + String(repeating: "x", count: 8192)))?.utf8.count == 8192)
        #expect(try isStray(judge("\(state)&code=C&x=" + String(repeating: "x", count: 64 * 1024))))
        let many = (0..<70).map { "p\($0)=1" }.joined(separator: "&")
        #expect(try ending(judge("\(state)&code=C&\(many)"))?.text.contains("too many") == true)
        #expect(try isStray(judge("\(many)&\(state)&code=C")))
    }

    @Test func `a truncated response is never a sign-in`() throws {
        let text = "code=7C1F8D25&state=q3VnR0s1dGg2TnBZd0J4Mg"
        for end in 0..<text.utf8.count { #expect(try isStray(judge(String(text.prefix(end))))) }
    }

    // MARK: state

    @Test(arguments: [
        "code=C-1", "code=C-1&state=", "code=C-1&state=wrong", "code=C-1&state=q3VnR0s1dGg2TnBZd0J4M", "code=C-1&state=q3VnR0s1dGg2TnBZd0J4Mgx",
        "code=C-1&state=Q3VNR0S1DGG2TNBZD0J4MG", "error=access_denied&state=wrong", "error=access_denied", "", "?", "x",
        "code=C-1&state=q3VnR0s1dGg2TnBZd0J4Mg&state=q3VnR0s1dGg2TnBZd0J4Mg", "code=C-1&state=wrong&iss=https://evil.example",
        "code=C-1&state=q3VnR0s1dGg2TnBZd0J4Mg%",
    ])
    func `AC-05 AC-17 a response without the right state is ignored, and the sign-in stays pending`(text: String) throws {
        #expect(try isStray(judge(text)))
    }

    @Test(arguments: ["http://127.0.0.1:53682/cb/other", "http://127.0.0.1:53683/cb/orchid", "https://127.0.0.1:53682/cb/orchid", "x", "http://evil.example/"])
    func `AC-27 a copied URL must be the redirect URI`(address: String) throws {
        #expect(try isStray(judge("\(address)?code=C-1&\(state)")))
    }

    @Test func `AC-27 a redirect URI may have a query`() throws {
        let pending = try pending(redirectURI: "http://127.0.0.1:53682/cb?app=desk")
        #expect(try code(judge("http://127.0.0.1:53682/cb?app=desk&code=C-1&\(state)", pending)) == "C-1")
    }

    // MARK: iss

    private let promised = #","authorization_response_iss_parameter_supported":true"#

    @Test(arguments: ["", #","authorization_response_iss_parameter_supported":true"#])
    func `AC-07 AC-09 the right issuer is accepted, promised or not`(more: String) throws {
        let text = "code=C-1&\(state)&iss=https%3A%2F%2Forchid.my.erp.net%2Fid"
        #expect(try code(judge(text, pending(more: more))) == "C-1")
    }

    @Test(
        arguments: ["", #","authorization_response_iss_parameter_supported":true"#],
        [
            "https%3A%2F%2Forchid.my.erp.net%2Fid%2F", "https%3A%2F%2Fevil.example", "https%3A%2F%2FORCHID.my.erp.net%2Fid", "orchid",
            "https%253A%252F%252Forchid.my.erp.net%252Fid",
        ])
    func `AC-07 another issuer ends the sign-in`(more: String, issuer: String) throws {
        let failure = try #require(ending(judge("code=C-1&\(state)&iss=\(issuer)", pending(more: more))))
        #expect(failure.law == .configuration)
        #expect(failure.text.contains("'https://orchid.my.erp.net/id'"))
    }

    @Test func `AC-08 a missing issuer that was promised ends the sign-in`() throws {
        #expect(try ending(judge("code=C-1&\(state)", pending(more: promised)))?.law == .configuration)
        #expect(try ending(judge("code=C-1&\(state)&iss=", pending(more: promised)))?.law == .configuration)
        #expect(try code(judge("code=C-1&\(state)")) == "C-1")
    }

    @Test func `AC-08 a hybrid response may omit the issuer, because its ID token has one`() throws {
        let pending = try pending(.codeAndIdentity, more: promised)
        #expect(try code(judge("code=C-1&id_token=eyJ.e30.c2ln&\(state)", pending)) == "C-1")
        #expect(try ending(judge("code=C-1&\(state)", pending))?.law == .configuration)
        #expect(try ending(judge("code=C-1&id_token=eyJ.e30.c2ln&\(state)&iss=https%3A%2F%2Fevil.example", pending))?.law == .configuration)
        #expect(try ending(judge("code=C-1&id_token=eyJ.e30.c2ln&\(state)", self.pending(more: promised)))?.law == .configuration)
    }

    @Test func `AC-17 an error without the promised issuer is reported with its own reason`() throws {
        let failure = try #require(ending(judge("error=access_denied&\(state)", pending(more: promised))))
        #expect(failure.law == .no)
        #expect(failure.oauthError == "access_denied")
        #expect(try ending(judge("error=access_denied&code=C-1&\(state)", pending(more: promised)))?.oauthError == "access_denied")
    }

    @Test func `an issuer that cannot be compared ends the sign-in`() throws {
        var pending = try pending()
        pending.issuer = nil
        #expect(try ending(judge("code=C-1&\(state)&iss=https://orchid.my.erp.net/id", pending))?.text.contains("'issuer'") == true)
    }

    @Test func `AC-18 an error of another issuer is not reported as that of this server`() throws {
        let failure = try #require(ending(judge("error=access_denied&\(state)&iss=https://evil.example")))
        #expect(failure.oauthError == nil)
        #expect(failure.text.contains("'https://evil.example'"))
    }

    // MARK: errors

    @Test(
        arguments: [
            ("access_denied", .no, "the sign-in was cancelled or refused"),
            ("login_required", .no, "the server wants the person to sign in, and did not ask"),
            ("consent_required", .no, "the server wants the person's consent, and did not ask for it"),
            ("interaction_required", .no, "the server wants to ask the person something, and did not"),
            ("server_error", .answered(retryAfter: nil), "the server met an error while the person signed in; try again later"),
            ("temporarily_unavailable", .answered(retryAfter: nil), "the server cannot sign anybody in at present; try again later"),
            (
                "invalid_scope", .configuration,
                "the server does not grant a scope that was asked for; check the token's scopes and the registration"
            ),
            (
                "unauthorized_client", .configuration,
                "the server does not let this client sign people in like this (unauthorized_client); check the registration"
            ),
            ("something_new", .configuration, "the server answered 'something_new'; check the registration and what is asked for"),
        ] as [(String, ExchangeFailure.Law, String)])
    func `AC-17 an error is reported in one sentence`(error: String, law: ExchangeFailure.Law, text: String) throws {
        for answer in ["error=\(error)&\(state)", "http://127.0.0.1:53682/cb/orchid?error=\(error)&\(state)#_=_"] {
            let failure = try #require(ending(judge(answer)))
            #expect(failure.law == law)
            #expect(failure.oauthError == error)
            #expect(failure.text == text)
            #expect(failure.reach == .credential)
        }
    }

    @Test func `AC-17 LOG-05 the description of the server is sanitized and truncated`() throws {
        let words = "User%0D%0Aclosed+%1B%5B31mit%20" + String(repeating: "%C3%A9", count: 300)
        let failure = try #require(ending(judge("error=access_denied&error_description=\(words)&\(state)")))
        #expect(failure.text.hasPrefix("the sign-in was cancelled or refused ('User closed ?[31mit éé"))
        #expect(failure.text.unicodeScalars.allSatisfy { $0.isVisible })
        #expect(failure.text.unicodeScalars.count < 300)
    }

    @Test func `LOG-01 an error that repeats the state is not quoted`() throws {
        let failure = try #require(ending(judge("error=q3VnR0s1dGg2TnBZd0J4Mg&error_description=q3VnR0s1dGg2TnBZd0J4Mg&\(state)")))
        #expect(!"\(failure)".contains("q3VnR0s1"))
    }

    @Test func `a response with neither a code nor an error ends the sign-in`() throws {
        #expect(try ending(judge(state))?.text.contains("neither") == true)
    }

    @Test func `an error takes precedence over a code`() throws {
        #expect(try ending(judge("code=C-1&error=access_denied&\(state)"))?.oauthError == "access_denied")
    }

    @Test func `at most 64 parameters are read, even if a name is repeated`() throws {
        #expect(!isStray(try judge(String(repeating: "b&", count: 10) + "code=C&\(state)")))
        #expect(isStray(try judge(String(repeating: "b&", count: 64) + "code=C&\(state)")))
    }

    // MARK: hybrid

    @Test func `HYB-02 a posted form has the code and the ID token`() throws {
        let form = "code=7C1F&id_token=eyJ.e30.c2ln&scope=openid%20read&\(state)&session_state=x.y"
        guard case .granted(let code, let idToken?) = try judge(form, pending(.codeAndIdentity)) else { return #expect(Bool(false)) }
        #expect(code == Secret("7C1F"))
        #expect(idToken == Secret("eyJ.e30.c2ln"))
    }

    @Test(arguments: ["code=7C1F", "code=7C1F&id_token=", "id_token=a.b.c"])
    func `HYB-12 an incomplete hybrid response is rejected`(parameters: String) throws {
        #expect(try ending(judge("\(parameters)&\(state)", pending(.codeAndIdentity)))?.law == .configuration)
    }

    @Test func `an ID token that was not requested is dropped`() throws {
        guard case .granted(_, nil) = try judge("code=7C1F&id_token=a.b.c&\(state)") else { return #expect(Bool(false)) }
    }

    @Test func `LOG-01 a printed response shows nothing of its content`() throws {
        let response = AuthorizationResponse(Secret("http://canary-0/?code=canary-1&\(state)&id_token=canary.2.x&error=canary-3&iss=canary-4"))
        var dumped = ""
        dump(response, to: &dumped)
        dump(try judge("code=canary-5&\(state)"), to: &dumped)
        dump(try pending(), to: &dumped)
        #expect(!(dumped + "\(response)").contains("canary"))
        #expect(!dumped.contains("q3VnR0s1"))
    }
}
