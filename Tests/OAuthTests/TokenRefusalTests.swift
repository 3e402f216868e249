@testable import OAuth
import Secrets
import Testing

struct `A token endpoint that says no` {
    typealias Law = ExchangeFailure.Law
    typealias Reach = ExchangeFailure.Reach

    private func failure(
        _ result: EndpointResult, _ authentication: ClientAuthentication = .post(Secret("pa55word"))
    ) throws -> ExchangeFailure {
        let client = ClientIdentity(id: "sync", authentication: authentication)
        let endpoint = try HTTPSURL("https://idp.example/token?k=v", allowsQuery: true)
        let request = TokenRequest(.clientCredentials(scopes: ["read"], audience: nil), as: client, at: endpoint, assumesBearer: true)
        return try #require(request.outcome(of: result, now: now).failure)
    }

    @Test(arguments: [
        (TransportFault.Kind.unreachable, true, Law.unsent, Reach.server), (.certificateTime, true, .unsent, .server),
        (.certificate, true, .unsent, .credential), (.unusable, true, .configuration, .credential), (.broken, true, .unsent, .credential),
        (.broken, false, .unknown, .credential), (.tooLarge, false, .unknown, .credential), (.stopped, true, .unsent, .credential),
        (.stopped, false, .unknown, .credential),
    ])
    func `without a response the class depends on whether the request was sent`(kind: TransportFault.Kind, unsent: Bool, law: Law, reach: Reach) throws {
        let failure = try failure(fault(kind, unsent: unsent))
        #expect(failure.law == law)
        #expect(failure.reach == reach)
        #expect(failure.status == nil)
        #expect(failure.text == "could not get a token from 'https://idp.example/token': it broke")
    }

    @Test(arguments: [
        (429, Law.answered(retryAfter: 30), Reach.client), (503, .answered(retryAfter: 30), .server), (500, .answered(retryAfter: 30), .credential),
        (408, .unknown, .credential), (502, .unknown, .credential), (504, .unknown, .credential), (501, .unknown, .credential), (520, .unknown, .credential),
        (201, .unknown, .credential), (204, .unknown, .credential),
        (301, .silent, .credential), (302, .silent, .credential), (307, .silent, .credential), (308, .silent, .credential),
        (400, .silent, .credential), (401, .silent, .credential), (402, .silent, .credential), (403, .silent, .credential), (404, .silent, .credential),
        (405, .silent, .credential), (410, .silent, .credential), (415, .silent, .credential), (421, .silent, .credential), (422, .silent, .credential),
        (425, .silent, .credential), (451, .silent, .credential),
    ])
    func `without a readable error the class depends on the status`(status: Int, law: Law, reach: Reach) throws {
        for body in ["", "<html>no</html>", "{}", #"{"error":7}"#, #"{"error":""}"#, #"{"message":"x"}"#] {
            let failure = try failure(answer(status, body, retryAfter: "30"))
            #expect(failure.law == law, "\(status) with '\(body)'")
            #expect(failure.reach == reach)
            #expect(failure.status == status)
            #expect(failure.oauthError == nil)
            #expect(failure.text.hasPrefix("'https://idp.example/token' answered \(status)"))
        }
    }

    @Test(
        arguments: [400, 401, 403],
        [
            ("invalid_client", Law.configuration), ("unauthorized_client", .configuration), ("unsupported_grant_type", .configuration),
            ("invalid_scope", .configuration), ("invalid_target", .configuration), ("invalid_request", .configuration), ("invalid_grant", .configuration),
            ("temporarily_unavailable", .answered(retryAfter: 30)), ("server_error", .answered(retryAfter: 30)),
            ("scope_invalid", .configuration), ("something_new", .configuration),
        ])
    func `ERR-01 CAUTH-15 the error decides, whatever the status and the description`(status: Int, expected: (code: String, law: Law)) throws {
        let body = #"{"error":"\#(expected.code)","error_description":"invalid_grant temporarily_unavailable"}"#
        let failure = try failure(answer(status, body, retryAfter: "30"))
        #expect(failure.law == expected.law)
        #expect(failure.oauthError == expected.code)
        #expect(failure.reach == .credential)
    }

    @Test(arguments: [(429, Reach.client), (503, .server)])
    func `ERR-05 a rate limit causes a back-off, whatever the error`(status: Int, reach: Reach) throws {
        let failure = try failure(answer(status, #"{"error":"invalid_client"}"#, retryAfter: "7200"))
        #expect(failure.law == .answered(retryAfter: 3600))
        #expect(failure.reach == reach)
        #expect(failure.oauthError == "invalid_client")
    }

    @Test(arguments: Array("+/%:=& §"))
    func `a rejected client with Basic gets a hint about the form encoding`(sign: Character) throws {
        let answer = answer(401, #"{"error":"invalid_client"}"#)
        let doubt = "perhaps because it does not undo the form-encoding of the id and the secret in Basic; use authentication = \"client_secret_post\""
        let secret = Secret("pa55\(sign)word")
        let basic = try failure(answer, .basic(secret))
        #expect(basic.text.contains(doubt) && !basic.text.contains("pa55"))
        #expect(try !failure(answer, .post(secret)).text.contains("Basic"))
        #expect(try !failure(answer, .basic(Secret("pa55word-._"))).text.contains("Basic"))
        #expect(try !failure(self.answer400, .basic(secret)).text.contains("Basic"))
    }

    private var answer400: EndpointResult { answer(400, #"{"error":"invalid_scope"}"#) }

    @Test(arguments: [404, 405, 410, 415])
    func `a missing endpoint suggests stale metadata`(status: Int) throws {
        #expect(try failure(answer(status)).suggestsStaleEndpoint)
        #expect(try failure(answer(status, #"{"error":"not_found"}"#)).suggestsStaleEndpoint)
        #expect(try !failure(answer(400)).suggestsStaleEndpoint)
        #expect(try !failure(fault(.broken, unsent: false)).suggestsStaleEndpoint)
    }

    @Test func `the text quotes the server`() throws {
        let body = #"{"error":"unauthorized_client","error_description":"AADSTS700016: Application was not found"}"#
        #expect(
            try failure(answer(401, body)).text
                == "'https://idp.example/token' answered 401 unauthorized_client ('AADSTS700016: Application was not found')")
        #expect(try failure(answer(401)).text == "'https://idp.example/token' answered 401, which means that the client id or its secret is wrong")
    }

    @Test func `LOG-05 the quotation is sanitized and truncated`() throws {
        let long = String(repeating: "é", count: 300)
        let body = #"{"error":"bad\n\u001b[31m\#(long)","error_description":"line\r\n\r\nTOKEND_EVENT=forged\u001b[31m\u202e\u2028 \#(long)"}"#
        let failure = try failure(answer(400, body))
        #expect(failure.oauthError?.utf8.count == 64)
        #expect(failure.oauthError?.utf8.allSatisfy { (0x20...0x7E).contains($0) } == true)
        #expect(failure.text.contains("('line TOKEND_EVENT=forged?[31m? éé"))
        #expect(failure.text.unicodeScalars.allSatisfy { $0.isVisible })
        #expect(failure.text.unicodeScalars.count < 400)
    }

    @Test(
        arguments: [
            (
                #"{"errorCode":"E0000011","errorSummary":"Invalid token provided","errorLink":"E0000011","errorId":"oae","errorCauses":[]}"#, nil,
                "('Invalid token provided')"
            ),
            (
                #"{"errorCode":"invalid_scope","errorSummary":"Invalid value for 'scope' parameter."}"#, "invalid_scope",
                "invalid_scope ('Invalid value for 'scope' parameter.')"
            ),
            (#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"grant_type is missing"}"#, nil, "('grant_type is missing')"),
            (#"{"type":"about:blank","title":"Bad Request","status":400}"#, nil, "('Bad Request')"),
            (#"{"error":{"message":"Session has expired","type":"OAuthException","code":190}}"#, nil, "('Session has expired')"),
            (
                #"{"timestamp":"2026","status":400,"error":"Bad Request","message":"JSON parse error","path":"/oauth/token"}"#, "Bad Request",
                "Bad Request ('JSON parse error')"
            ),
            (
                #"{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired.\r\nTrace ID: 1-2\r\nTimestamp: 2026Z"}"#,
                "invalid_grant", "invalid_grant ('AADSTS700082: The refresh token has expired. Trace ID: 1-2 Timestamp: 2026Z')"
            ),
            (#"{"error":"access_denied","error_description":"Достъпът е отказан"}"#, "access_denied", "access_denied ('Достъпът е отказан')"),
            (#"{"error":"x","error_description":"","message":"words"}"#, "x", "x ('words')"),
            (#"{"message":"\u0000\n"}"#, nil, "('?')"), (#"{"error":"x","error_description":" \n "}"#, "x", "x"),
        ] as [(String, String?, String)])
    func `ERR-01 the description is found in the members that servers use`(body: String, code: String?, words: String) throws {
        let failure = try failure(answer(400, body))
        #expect(failure.oauthError == code)
        #expect(failure.text.hasPrefix("'https://idp.example/token' answered 400 \(words)"))
    }

    @Test(arguments: [
        #"{"errorSummary":"secret was WORD"}"#, #"{"detail":"WORD"}"#, #"{"error":{"message":"WORD!"}}"#, #"{"message":"WORD"}"#, #"{"title":"a WORD b"}"#,
    ])
    func `LOG-01 sent values are not quoted, in whatever member they return`(body: String) throws {
        let text = try failure(answer(400, body.split(separator: "WORD", omittingEmptySubsequences: false).joined(separator: "pa55word"))).text
        #expect(!text.contains("pa55word"))
    }

    @Test func `LOG-01 a word that could be a token is removed from a quotation`() throws {
        let token = String(repeating: "0A1b2C3d", count: 8)
        for error in [token, "invalid_grant"] {
            let body = #"{"error":"\#(error)","error_description":"'\#(token)' was used, see https://idp.example/a/long/way/to/errors"}"#
            let text = try failure(answer(400, body)).text
            #expect(!text.contains("0A1b2C3d"))
            #expect(text.hasSuffix("(''(withheld)' was used, see https://idp.example/a/long/way/to/errors')"))
        }
    }

    @Test func `LOG-01 for invalid_client only the code is shown, because the description may contain a part of the secret`() throws {
        for words in ["AADSTS7000215: Invalid client secret provided", "you sent 'pa55'", "55ap ends with dr0w"] {
            let body = #"{"error":"invalid_client","error_description":"\#(words)"}"#
            #expect(try failure(answer(401, body)).text == "'https://idp.example/token' answered 401 invalid_client")
        }
    }

    @Test(arguments: [
        ("q3VnR0s1dGg2TnBZd0J4MgkV3r1f13r0123456", "1dGg2TnB"), ("q3VnR0s1dGg2TnBZd0J4MgkV3r1f13r0123456", "BnT2gGd1"), ("short-secret", "rt-secre"),
        ("short-secret", "terces-trohs"), ("5h0rt", "5h0rt"), ("5h0rt", "tr0h5"),
    ])
    func `LOG-01 a server that repeats a part of the secret is not quoted, forwards or backwards`(secret: String, part: String) throws {
        for words in [part, "got \(part)", "\(part) was sent", "got \(part) from you"] {
            let body = #"{"error":"invalid_request","error_description":"\#(words)"}"#
            #expect(try failure(answer(400, body), .post(Secret(secret))).text == "'https://idp.example/token' answered 400 invalid_request")
        }
        let body = #"{"error":"invalid_request","error_description":"the redirect_uri is not registered"}"#
        #expect(try failure(answer(400, body), .post(Secret(secret))).text.hasSuffix("invalid_request ('the redirect_uri is not registered')"))
    }

    @Test func `the search for a secret reads each byte once`() {
        // each window of the token starts like every position of the text, and none is found
        let token = Counted(Array(String(repeating: "aaaaaaab", count: 4_096).utf8))
        let words = Counted(Array((String(repeating: "a", count: 4_096) + "c").utf8))
        let windows = Secret.windows(of: words)
        #expect(!Secret.hasWindow(token, in: windows))
        #expect(words.reads == words.bytes.count)
        #expect(token.reads == token.bytes.count)
    }

    /// Bytes that count how often one of them is read.
    private final class Counted: Sequence {
        let bytes: [UInt8]
        private(set) var reads = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func makeIterator() -> AnyIterator<UInt8> {
            var place = 0
            return AnyIterator {
                guard place < self.bytes.count else { return nil }
                defer { place += 1 }
                self.reads += 1
                return self.bytes[place]
            }
        }
    }

    @Test(arguments: ["s3cr:et+/%26=&?", "s3cr%3Aet%2B%2F%2526%3D%26%3F", "Basic c3luYzpzM2NyJTNBZXQlMkIlMkYlMjUyNiUzRCUyNiUzRg=="])
    func `LOG-01 a server that repeats the secret is not quoted`(echo: String) throws {
        for authentication in [ClientAuthentication.post(Secret("s3cr:et+/%26=&?")), .basic(Secret("s3cr:et+/%26=&?"))] {
            let described = try failure(answer(400, #"{"error":"invalid_client","error_description":"got \#(echo) from you"}"#), authentication)
            #expect(described.text.hasPrefix("'https://idp.example/token' answered 400 invalid_client"))
            #expect(!described.text.contains(echo) && !described.text.contains("from you"))
            let coded = try failure(answer(400, #"{"error":"\#(echo)"}"#), authentication)
            #expect(!"\(coded)".contains(echo))
            #expect(coded.law == .configuration)
        }
    }
}
