import OAuth
import Secrets
import Testing

struct `Redeeming a code and refreshing` {
    private let code = GrantRequest.authorizationCode(
        code: Secret("7C1F 0A/94"), redirectURI: "http://127.0.0.1:53682/cb/orchid", verifier: Secret("kV3r1f13r_for-orchid~example.0123456789"))
    private let refresh = GrantRequest.refresh(
        token: Secret("AC46954FB1CE+3DF5"), scopes: [], audience: nil, isProven: false)

    private func request(_ grant: GrantRequest, _ authentication: ClientAuthentication = .post(Secret("s3cr3t"))) throws -> TokenRequest {
        let client = ClientIdentity(id: "com.example.orchid/desk", authentication: authentication)
        return TokenRequest(grant, as: client, at: try HTTPSURL("https://idp.example/token"), assumesBearer: false)
    }

    private func refresh(_ scopes: [String] = [], _ audience: Audience? = nil, isProven: Bool = false) -> GrantRequest {
        .refresh(token: Secret("AC46954FB1CE+3DF5"), scopes: scopes, audience: audience, isProven: isProven)
    }

    private func failure(_ grant: GrantRequest, _ result: EndpointResult) throws -> ExchangeFailure {
        try #require(request(grant).outcome(of: result, now: now).failure)
    }

    // MARK: requests

    @Test func `AC-12 AC-22 a code is sent with the redirect URI and the verifier, form-encoded`() throws {
        let message = try request(code).message()
        #expect(
            message.form == "grant_type=authorization_code&code=7C1F%200A%2F94&redirect_uri=http%3A%2F%2F127.0.0.1%3A53682%2Fcb%2Forchid"
                + "&code_verifier=kV3r1f13r_for-orchid~example.0123456789&client_id=com.example.orchid%2Fdesk&client_secret=s3cr3t")
    }

    @Test func `RT-01 a refresh sends the token and no scope`() throws {
        let message = try request(refresh).message()
        #expect(
            message.form
                == "grant_type=refresh_token&refresh_token=AC46954FB1CE%2B3DF5&client_id=com.example.orchid%2Fdesk&client_secret=s3cr3t")
    }

    @Test func `RT-01 a refresh sends the scopes and the audience of its grant`() throws {
        let message = try request(refresh(["read", "offline_access", "read"], Audience(parameter: .resource, value: "https://api.example/"))).message()
        #expect(message.fields["scope"] == ["read%20offline_access"])
        #expect(message.fields["resource"] == ["https%3A%2F%2Fapi.example%2F"])
    }

    @Test func `AC-24 no request is a password grant`() throws {
        let messages = try [.clientCredentials(scopes: ["read"], audience: nil), code, refresh].map { try request($0).message() }
        #expect(messages.map { $0.fields["grant_type"] } == [["client_credentials"], ["authorization_code"], ["refresh_token"]])
        #expect(messages.allSatisfy { $0.fields["username"] == nil && $0.fields["password"] == nil })
    }

    @Test func `CAUTH-04 a public client sends its id and no secret`() throws {
        for grant in [code, refresh] {
            let message = try request(grant, .none).message()
            #expect(message.fields["client_id"] == ["com.example.orchid%2Fdesk"])
            #expect(message.fields["client_secret"] == nil)
            #expect(message.headers.isEmpty)
        }
    }

    @Test func `CAUTH-01 CAUTH-05 a confidential client authenticates with exactly one method`() throws {
        for grant in [code, refresh] {
            let basic = try request(grant, .basic(Secret("s3cr3t"))).message()
            #expect(basic.header("Authorization")?.hasPrefix("Basic ") == true)
            #expect(basic.fields["client_secret"] == nil && basic.fields["client_id"] == nil)
            let post = try request(grant).message()
            #expect(post.header("Authorization") == nil)
            #expect(post.fields["client_secret"] == ["s3cr3t"])
        }
    }

    @Test func `NET-11 a request that consumes a grant uses a new connection`() throws {
        for grant in [code, refresh] { #expect(try request(grant).message().freshConnection) }
    }

    // MARK: responses

    @Test func `RT-02 TR-10 a response may contain all three tokens`() throws {
        let body = #"""
            {"id_token":"eyJ.e30.c2ln","access_token":"AT-2","expires_in":3600,"token_type":"Bearer",
            "refresh_token":"B6E09266D6D2","scope":"openid profile offline_access read"}
            """#
        for grant in [code, refresh] {
            let tokens = try request(grant).outcome(of: answer(200, body), now: now).get()
            #expect(tokens.accessToken == Secret("AT-2"))
            #expect(tokens.refreshToken == Secret("B6E09266D6D2"))
            #expect(tokens.idToken == Secret("eyJ.e30.c2ln"))
            #expect(tokens.scopes == ["openid", "profile", "offline_access", "read"])
            #expect(tokens.refreshLifetime == nil)
        }
    }

    @Test(arguments: [
        ("0.AXoA!x*y$z", "0.AXoA!x*y$z", "0.AXoA%21x%2Ay%24z"), ("a b", "a b", "a%20b"), (#"{\"v\":1}"#, #"{"v":1}"#, "%7B%22v%22%3A1%7D"),
        ("%2B+/=&", "%2B+/=&", "%252B%2B%2F%3D%26"),
    ])
    func `RT-03 a refresh token may have any printable characters, is kept as received and sent form-encoded`(
        written: String, text: String, form: String
    ) throws {
        let result = answer(200, #"{"access_token":"AT-2","token_type":"Bearer","refresh_token":"\#(written)"}"#)
        for grant in [code, refresh] {
            #expect(try request(grant).outcome(of: result, now: now).get().refreshToken == Secret(text))
            #expect(try request(grant).successor(in: result) == Secret(text))
        }
        let sent = try request(.refresh(token: Secret(text), scopes: [], audience: nil, isProven: true)).message().form
        #expect(sent.contains("&refresh_token=\(form)&"))
    }

    @Test(arguments: [#""x":1"#, #""refresh_token":"""#, #""refresh_token":null"#])
    func `RT-03 TR-13 a response without a refresh token is complete`(member: String) throws {
        let body = #"{"access_token":"AT-2","token_type":"Bearer",\#(member)}"#
        #expect(try request(refresh).outcome(of: answer(200, body), now: now).get().refreshToken == nil)
        #expect(try request(refresh).successor(in: answer(200, body)) == nil)
    }

    @Test(
        arguments: [
            (#""refresh_expires_in":1800"#, 1800), (#""refresh_token_expires_in":86400.0"#, 86_400), (#""refresh_expires_in":0"#, nil),
            (#""refresh_expires_in":"1800""#, 1800), (#""refresh_expires_in":-1"#, nil), (#""refresh_expires_in":1.5"#, 1),
            (#""refresh_expires_in":9e99"#, 315_360_000), (#""refresh_expires_in":9e17"#, 315_360_000), (#""refresh_expires_in":true"#, nil),
            (#""refresh_expires_in":"x","refresh_token_expires_in":60"#, 60),
        ] as [(String, Int64?)])
    func `TR-18 the lifetime of the refresh token is a hint if it is a number`(member: String, seconds: Int64?) throws {
        let body = #"{"access_token":"AT-2","token_type":"Bearer","refresh_token":"RT-2",\#(member)}"#
        #expect(try request(refresh).outcome(of: answer(200, body), now: now).get().refreshLifetime == seconds)
    }

    @Test(arguments: [
        #""access_token":"AT","token_type":"mac""#, #""access_token":"AT""#, #""token_type":"Bearer""#, #""access_token":"A T","token_type":"Bearer""#,
        #""access_token":"AT","token_type":"Bearer","expires_in":"soon""#, #""access_token":"AT","token_type":"Bearer","scope":7"#,
        #""access_token":"AT","token_type":"Bearer","id_token":7"#, #""error":"server_error""#, #""access_token":"AT","token_type":"Bearer""#,
    ])
    func `a new refresh token is found even if the rest of the response is invalid`(members: String) throws {
        for status in [200, 201, 202] {
            let result = answer(status, #"{\#(members),"refresh_token":"RT-2"}"#)
            for grant in [code, refresh] { #expect(try request(grant).successor(in: result) == Secret("RT-2")) }
            #expect(try request(.clientCredentials(scopes: [], audience: nil)).successor(in: result) == nil)
        }
    }

    @Test(
        arguments: [
            answer(200, #"{"refresh_token":"RT-2","access_token":"AT"#), answer(200, #"{"refresh_token":"RT-2"} x"#), answer(200, "RT-2"),
            answer(200, #"{"refresh_token":"RT\n2"}"#), answer(200, #"{"refresh_token":7}"#), answer(200, #"{"refresh_token":"A","refresh_token":"B"}"#),
            answer(400, #"{"refresh_token":"RT-2"}"#), answer(302, #"{"refresh_token":"RT-2"}"#), fault(.broken, unsent: false),
        ] as [EndpointResult])
    func `a truncated response has no refresh token`(result: EndpointResult) throws {
        #expect(try request(refresh).successor(in: result) == nil)
    }

    // MARK: rejections

    @Test(arguments: [200, 400, 401, 403])
    func `RT-10 AC-13 an error that ends the session ends a code and a refresh token, with any status`(status: Int) throws {
        let words = [
            "invalid_grant", "invalid_token", "invalid_refresh_token", "bad_refresh_token", "expired_token", "access_denied", "interaction_required",
            "login_required", "consent_required",
        ]
        for word in words {
            let refusal = answer(status, #"{"error":"\#(word)"}"#)
            for grant in [code, refresh, refresh(isProven: true)] {
                #expect(try failure(grant, refusal).law == .no, "\(word)")
                #expect(try failure(grant, refusal).reach == .credential)
            }
        }
    }

    @Test func `RT-10 invalid_request ends only a token that was issued here or has been refreshed before`() throws {
        let refusal = answer(400, #"{"error":"invalid_request"}"#)
        #expect(try failure(refresh(isProven: true), refusal).law == .no)
        #expect(try failure(refresh(isProven: false), refusal).law == .configuration)
        #expect(try failure(code, refusal).law == .configuration)
    }

    @Test(arguments: ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "invalid_target"])
    func `RT-13 an error of the registration keeps the refresh token and stops`(error: String) throws {
        for grant in [code, refresh(isProven: true)] {
            #expect(try failure(grant, answer(400, #"{"error":"\#(error)"}"#)).law == .configuration)
        }
    }

    @Test func `RT-11 a request that was never sent may be sent again`() throws {
        for grant in [code, refresh] { #expect(try failure(grant, fault(.unreachable, unsent: true)).law == .unsent) }
    }

    @Test(arguments: [fault(.broken, unsent: false), answer(408), answer(502), answer(504), answer(200, "{"), answer(200, #"{"refresh_token":"R 2"}"#)])
    func `RT-12 AC-14 without a complete response the result is unknown`(result: EndpointResult) throws {
        for grant in [code, refresh] { #expect(try failure(grant, result).law == .unknown) }
    }

    @Test(arguments: [429, 500, 503])
    func `a server error consumes nothing`(status: Int) throws {
        for grant in [code, refresh] { #expect(try failure(grant, answer(status, retryAfter: "9")).law == .answered(retryAfter: 9)) }
    }

    @Test(arguments: [301, 400, 401, 403, 404, 421, 422, 425])
    func `RT-10 a rejection without a readable error is not final`(status: Int) throws {
        for grant in [code, refresh] { #expect(try failure(grant, answer(status, "<html>no</html>")).law == .silent) }
    }

    @Test(arguments: ["7C1F 0A/94", "7C1F%200A%2F94", "kV3r1f13r_for-orchid~example.0123456789", "AC46954FB1CE+3DF5", "AC46954FB1CE%2B3DF5", "s3cr3t"])
    func `LOG-01 a server that repeats what was sent is not quoted`(echo: String) throws {
        for grant in [code, refresh] {
            let sent = try request(grant).message().form + "s3cr3t 7C1F 0A/94 AC46954FB1CE+3DF5"
            guard sent.contains(echo), (grant == code) != echo.hasPrefix("AC") || echo == "s3cr3t" else { continue }
            let failure = try failure(grant, answer(400, #"{"error":"invalid_grant","error_description":"got \#(echo)"}"#))
            #expect(failure.text == "'https://idp.example/token' answered 400 invalid_grant")
            let type = try self.failure(grant, answer(200, #"{"access_token":"AT","token_type":"x \#(echo)"}"#))
            #expect(type.text.contains("with tokens of type 'withheld'"))
        }
    }

    @Test func `LOG-01 a printed grant shows none of its secrets`() throws {
        for grant in [
            GrantRequest.authorizationCode(code: Secret("canary-1"), redirectURI: "http://127.0.0.1/", verifier: Secret("canary-2")),
            .refresh(token: Secret("canary-3"), scopes: [], audience: nil, isProven: true),
        ] {
            var dumped = ""
            dump(try request(grant), to: &dumped)
            dump(try request(grant).message(), to: &dumped)
            #expect(!(dumped + "\(grant)\(String(reflecting: grant))").contains("canary"))
        }
    }
}
