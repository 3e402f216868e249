import OAuth
import Secrets
import Testing

struct `The token response` {
    private func outcome(_ body: String, assumesBearer: Bool = false, status: Int = 200) throws -> ExchangeOutcome {
        let client = ClientIdentity(id: "sync", authentication: .post(Secret("pa55word")))
        let endpoint = try HTTPSURL("https://idp.example/token")
        return TokenRequest(.clientCredentials(scopes: ["read"], audience: nil), as: client, at: endpoint, assumesBearer: assumesBearer)
            .outcome(of: answer(status, body), now: now)
    }

    private func with(_ member: String) -> String { #"{"access_token":"AT-1","token_type":"Bearer",\#(member)}"# }

    @Test func `TR-01 a JSON object with an access token is a success`() throws {
        let tokens = try outcome(#"{"access_token":"AT-1","expires_in":3600,"token_type":"Bearer","scope":"read update"}"#).get()
        #expect(tokens.accessToken == Secret("AT-1"))
        #expect(tokens.lifetime == 3600)
        #expect(tokens.scopes == ["read", "update"])
        #expect(tokens.refreshToken == nil)
        #expect(tokens.idToken == nil)
    }

    @Test(arguments: [
        "", "{}", "[]", #"{"token_type":"Bearer"}"#, #"{"access_token":"","token_type":"Bearer"}"#, #"{"access_token":null,"token_type":"Bearer"}"#,
        #"{"access_token":7,"token_type":"Bearer"}"#, #"{"access_token":["AT"],"token_type":"Bearer"}"#, #"{"access_token":"AT","token_type":7}"#,
        "access_token=AT&token_type=Bearer&expires_in=60", "<html>AT</html>", #"{"access_token":"AT","token_type":"Bearer"} x"#,
        #"{"access_token":"A","access_token":"B","token_type":"Bearer"}"#, "{\"access_token\":\"A\u{FF}",
    ])
    func `TR-01 TR-14 TR-15 for a 200 of any other form the result is unknown`(body: String) throws {
        let failure = try #require(outcome(body).failure)
        #expect(failure.law == .unknown)
        #expect(failure.reach == .credential)
        #expect(failure.status == 200)
        #expect(failure.text.hasPrefix("'https://idp.example/token' answered 200, but "))
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER", "bEaReR"])
    func `TR-02 the type is compared without case`(type: String) throws {
        #expect(try outcome(#"{"access_token":"AT","token_type":"\#(type)"}"#).value != nil)
    }

    @Test(arguments: ["DPoP", "dpop", "mac", "MAC", "PoP", "N_A"])
    func `TR-02 a token of another type is not used, even with assume_bearer`(type: String) throws {
        let body = #"{"access_token":"AT","token_type":"\#(type)"}"#
        for assumes in [false, true] {
            let failure = try outcome(body, assumesBearer: assumes).failure
            #expect(failure?.law == .configuration)
            #expect(failure?.text == "'https://idp.example/token' answered 200, but with tokens of type '\(type)', not Bearer, which is not supported")
        }
    }

    @Test(arguments: [
        (#"{"access_token":"AT"}"#, "without a token_type"), (#"{"access_token":"AT","token_type":null}"#, "without a token_type"),
        (#"{"access_token":"AT","token_type":""}"#, "without a token_type"),
        (#"{"access_token":"AT","token_type":"BearerToken"}"#, "with tokens of type 'BearerToken', not Bearer"),
        (#"{"access_token":"AT","token_type":"Bearer "}"#, "with tokens of type 'Bearer ', not Bearer"),
    ])
    func `TR-02 TR-03 a missing or undefined type is Bearer only if configured, and the failure names the key`(body: String, what: String) throws {
        let failure = try outcome(body).failure
        #expect(failure?.law == .configuration)
        #expect(
            failure?.text == "'https://idp.example/token' answered 200, but \(what); if its tokens are Bearer tokens, write assume_bearer = true")
        #expect(try outcome(body, assumesBearer: true).value != nil)
    }

    @Test(arguments: [200, 201, 202, 203, 206, 299])
    func `TR-01 any 2xx with a token is a success`(status: Int) throws {
        let body = #"{"access_token":"AT-1","token_type":"Bearer","refresh_token":"RT-2"}"#
        #expect(try outcome(body, status: status).get().accessToken == Secret("AT-1"))
        #expect(try outcome("{}", status: status).failure?.text == "'https://idp.example/token' answered \(status), but without an access_token")
    }

    @Test(arguments: [
        ("", "the answer is empty"), ("access_token=AT&token_type=bearer", "the answer is a form, not JSON"),
        ("error=bad_verification_code&error_description=x", "the answer is a form, not JSON"), ("<html>", "the answer is a web page, not JSON"),
        (" \n<!DOCTYPE html>", "the answer is a web page, not JSON"), ("Bearer AT", "the answer is not JSON"), ("[]", "the answer is not a JSON object"),
        (#"{"status":"ok","message":"Hello"}"#, "without an access_token ('Hello')"), (#"{"token_type":"Bearer"}"#, "without an access_token"),
    ])
    func `TR-14 the text names what came instead of a token, and only an incomplete response counts as lost`(body: String, what: String) throws {
        let isLost = body.isEmpty || body.contains("<") || body == "Bearer AT" || body == "[]"
        #expect(try outcome(body).failure?.cameWhole == !isLost)
        #expect(try outcome(body).failure?.text == "'https://idp.example/token' answered 200, but \(what)")
    }

    @Test func `NET-07 a compressed body is reported as such`() throws {
        let endpoint = try HTTPSURL("https://idp.example/token")
        let client = ClientIdentity(id: "sync", authentication: .post(Secret("pa55word")))
        let request = TokenRequest(.clientCredentials(scopes: [], audience: nil), as: client, at: endpoint, assumesBearer: false)
        let gzip = [UInt8]([0x1F, 0x8B, 8, 0]).withUnsafeBytes { Secret(copying: $0) }
        let other = [UInt8]([0x8B, 2]).withUnsafeBytes { Secret(copying: $0) }
        for (encoding, body, name) in [(nil, gzip, "gzip"), ("gzip", gzip, "gzip"), ("br", other, "br")] as [(String?, Secret, String)] {
            let response = EndpointResponse(status: 200, contentType: "application/json", contentEncoding: encoding, body: body)
            let text = request.outcome(of: .response(response), now: now).failure?.text
            #expect(text == "'https://idp.example/token' answered 200, but the answer is compressed (\(name)), which was not requested")
        }
    }

    @Test func `TR-04 a missing lifetime is reported as such`() throws {
        #expect(try outcome(#"{"access_token":"AT","token_type":"Bearer"}"#).get().lifetime == nil)
        #expect(try outcome(with(#""expires_in":null"#)).get().lifetime == nil)
        #expect(try outcome(with(#""expires_in":"""#)).get().lifetime == nil)
    }

    @Test(
        arguments: [
            ("3600", 3600), ("0", 0), ("-0", 0), ("1", 1), ("3600.0", 3600), ("3.6e3", 3600), ("36E+2", 3600), (#""3600""#, 3600), (#""0""#, 0),
            ("3599.7", 3599), ("1e-3", 0), (#""3600.0""#, 3600), (#""3599.9""#, 3599), (#""6e1""#, 60), ("-1", 0), ("-3600", 0), (#""-1""#, 0),
            ("1e400", 315_360_000), ("1e30", 315_360_000), (#""999999999999999999999999""#, 315_360_000),
            ("315360000", 315_360_000), ("315360001", 315_360_000), ("9000000000000000000", 315_360_000), (#""99999999999""#, 315_360_000),
        ] as [(String, Int64)])
    func `TR-05 a lifetime may be a number or a string`(written: String, seconds: Int64) throws {
        #expect(try outcome(with("\"expires_in\":\(written)")).get().lifetime == seconds)
    }

    @Test(arguments: [
        #""soon""#, #"" 60""#, #""60 ""#, #""0x10""#, #""nan""#, #""inf""#, #""infinity""#, #"".""#, #""-""#, "true", "[60]", "{}",
    ])
    func `TR-05 an invalid lifetime is rejected`(written: String) throws {
        #expect(try outcome(with("\"expires_in\":\(written)")).failure?.law == .unknown)
    }

    @Test(
        arguments: [
            (#""x":1"#, nil), (#""scope":null"#, nil), (#""scope":"read""#, ["read"]), (#""scope":" read  update ""#, ["read", "update"]),
            (#""scope":"update read update""#, ["update", "read"]), (#""scope":"Read read""#, ["Read", "read"]), (#""scope":"""#, []),
            (#""scope":["read","update"]"#, ["read", "update"]), (#""scope":["read update","x"]"#, ["read", "update", "x"]), (#""scope":[]"#, []),
            (#""scope":"https:\/\/api.example\/.default a:b""#, ["https://api.example/.default", "a:b"]),
        ] as [(String, [String]?)])
    func `TR-07 TR-09 granted scopes are reported unchanged`(member: String, scopes: [String]?) throws {
        #expect(try outcome(with(member)).get().scopes == scopes)
    }

    @Test(
        arguments: [
            ("read,update", ["read", "update"], ["read", "update"]), ("read, update", ["read", "update"], ["read", "update"]),
            ("read update", ["read"], ["read", "update"]), ("a,b c", ["a,b"], ["a,b", "c"]), ("a,b,c", ["a,b"], ["a", "b", "c"]),
            (",read,,read", [], ["read"]), ("", ["read"], []),
        ] as [(String, [String], [String])])
    func `TR-09 scopes may be separated by commas, and a requested scope is not split`(written: String, asked: [String], scopes: [String]) throws {
        #expect(try outcome(with("\"scope\":\"\(written)\"")).get().separatingScopes(asked: asked).scopes == scopes)
    }

    @Test(arguments: [
        #""scope":7"#, #""scope":{}"#, #""scope":["a",1]"#, #""scope":"a\nb""#, #""scope":"a\u0000""#, #""scope":"é""#, #""scope":"a\"b""#, #""scope":"a\\b""#,
    ])
    func `invalid scopes are rejected`(member: String) throws {
        #expect(try outcome(with(member)).failure?.law == .unknown)
    }

    @Test func `the scopes fit into a reply line`() throws {
        let scopes = { (count: Int) in (0..<count).map { "s\($0)" }.joined(separator: " ") }
        #expect(try outcome(with("\"scope\":\"\(scopes(2000))\"")).value != nil)
        #expect(try outcome(with("\"scope\":\"\(scopes(5000))\"")).failure?.law == .unknown)
    }

    @Test func `TR-10 unknown members are ignored`() throws {
        let tokens = try outcome(with(#""id_token":"a.b.c","x":{"access_token":"other"},"iat":1,"ext_expires_in":"z""#)).get()
        #expect(tokens.idToken == Secret("a.b.c"))
        #expect(tokens.accessToken == Secret("AT-1"))
    }

    @Test func `TR-11 tokens may be long, up to the limit`() throws {
        let token = { (count: Int) in #"{"token_type":"Bearer","access_token":"\#(String(repeating: "x", count: count))"}"# }
        #expect(try outcome(token(32 * 1024)).get().accessToken.count == 32 * 1024)
        #expect(try outcome(token(32 * 1024 + 1)).failure?.law == .unknown)
    }

    @Test(arguments: [#"a b"#, #"a\nb"#, #"a\r\nX: y"#, #"a\u0000"#, #"é"#, #"a\u007f"#, #"a\t"#, #" a"#, "-"])
    func `TR-12 a token that could break a line or a header is rejected`(token: String) throws {
        let failure = try #require(outcome(#"{"access_token":"\#(token)","token_type":"Bearer"}"#).failure)
        #expect(failure.law == .unknown)
    }

    @Test(arguments: [
        (#"a\/b"#, "a/b"), (#"\u0041-._~+\/1=="#, "A-._~+/1=="), ("eyJ.e30.c2ln", "eyJ.e30.c2ln"),
        ("Atza|IQEBLjAs", "Atza|IQEBLjAs"), ("00D!AR8", "00D!AR8"), ("a:b", "a:b"), ("a=b", "a=b"), (#"a\"b\\"#, #"a"b\"#), ("{,}", "{,}"),
    ])
    func `TR-12 TR-17 the content of a token does not matter`(written: String, token: String) throws {
        #expect(try outcome(#"{"access_token":"\#(written)","token_type":"Bearer"}"#).get().accessToken == Secret(token))
    }

    // {"exp":1,"scope":"admin"}
    @Test func `TR-17 the claims of an access token are ignored`() throws {
        let token = "eyJhbGciOiJub25lIn0.eyJleHAiOjEsInNjb3BlIjoiYWRtaW4ifQ."
        let tokens = try outcome(#"{"access_token":"\#(token)","token_type":"Bearer"}"#).get()
        #expect(tokens.accessToken == Secret(token) && tokens.lifetime == nil && tokens.scopes == nil)
    }

    @Test func `TR-13 empty and null tokens count as missing`() throws {
        #expect(try outcome(with(#""id_token":"""#)).get().idToken == nil)
        #expect(try outcome(with(#""id_token":null,"refresh_token":null"#)).get().idToken == nil)
    }

    @Test(arguments: [#""refresh_token":"RT-1""#, #""refresh_token":7"#, #""refresh_token":"a b""#])
    func `CC-02 a refresh token that was not requested is dropped`(member: String) throws {
        #expect(try outcome(with(member)).get().refreshToken == nil)
    }

    @Test func `TR-14 a 200 with an error and without a token is that error`() throws {
        let failure = try #require(outcome(#"{"error":"invalid_client"}"#).failure)
        #expect(failure.law == .configuration)
        #expect(failure.oauthError == "invalid_client")
        #expect(try outcome(#"{"error":"temporarily_unavailable"}"#).failure?.law == .answered(retryAfter: nil))
        #expect(try outcome(#"{"error":"x","access_token":"AT","token_type":"Bearer"}"#).value != nil)
    }

    @Test func `a printed response shows nothing of its content`() throws {
        let good = try outcome(#"{"access_token":"canary-7f3a","token_type":"Bearer","id_token":"canary.9.b"}"#)
        let bad = try outcome(#"{"access_token":"canary-7f3a\n","token_type":"Bearer","scope":"read"}"#)
        var dumped = ""
        dump(good, to: &dumped)
        dump(bad, to: &dumped)
        #expect(!(dumped + "\(good)\(bad)").contains("canary"))
    }
}
