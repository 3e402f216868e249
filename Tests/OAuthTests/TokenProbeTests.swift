import OAuth
import Secrets
import Testing

struct `Looking at a token with an API` {
    private func probe(_ header: String = "X-Api-Key") throws -> TokenProbe {
        .api(APIProbe(at: try HTTPSURL("https://orchid.my.erp.net/profile/me?k=v", allowsQuery: true), with: (header, Secret("enrt_0A1B"))))
    }

    @Test func `STAT-03 an API probe is a GET with exactly one header on a new connection`() throws {
        let message = try probe().message()
        guard case .get = message.method else { return #expect(Bool(false), "no GET") }
        #expect(message.headers.map(\.name) == ["X-Api-Key"])
        #expect(message.header("X-Api-Key") == "enrt_0A1B")
        #expect(message.url == "https://orchid.my.erp.net/profile/me?k=v")
        #expect(message.freshConnection)
    }

    @Test(arguments: [200, 204, 299, 403]) func `a success or a 403 means that the token is accepted`(status: Int) throws {
        #expect(try probe().health(in: answer(status, "no JSON at all"), now: now) == .good(expires: nil))
    }

    @Test func `a 401 means that the token is refused`() throws {
        #expect(try probe().health(in: answer(401), now: now) == .refused("'https://orchid.my.erp.net/profile/me' answered 401"))
    }

    @Test(
        arguments: [
            (answer(429, retryAfter: "90"), .answered(retryAfter: 90)), (answer(500), .answered(retryAfter: nil)), (answer(503), .answered(retryAfter: nil)),
            (answer(408), .answered(retryAfter: nil)), (answer(302), .configuration), (answer(404), .configuration), (answer(400), .configuration),
            (fault(.unreachable, unsent: true), .unsent), (fault(.broken, unsent: false), .unsent), (fault(.tooLarge, unsent: false), .unsent),
            (fault(.certificateTime, unsent: true), .unsent), (fault(.certificate, unsent: true), .unsent),
        ] as [(EndpointResult, ExchangeFailure.Law)])
    func `any other status says nothing about the token`(result: EndpointResult, law: ExchangeFailure.Law) throws {
        guard case .unknown(let failure) = try probe().health(in: result, now: now) else { return #expect(Bool(false), "something was learned") }
        #expect(failure.law == law)
        #expect(failure.text.contains("'https://orchid.my.erp.net/profile/me'") && !failure.text.contains("k=v"))
    }

    @Test func `a printed probe does not show the token`() throws {
        var dumped = ""
        dump(try probe(), to: &dumped)
        #expect(!dumped.contains("enrt_"))
    }
}

struct `Looking at a token by introspection` {
    private func probe(_ authentication: ClientAuthentication = .post(Secret("s3cr3t"))) throws -> TokenProbe {
        let client = ClientIdentity(id: "com.example/desk", authentication: authentication)
        return .introspection(IntrospectionRequest(Secret("enrt_0A+B"), as: client, at: try HTTPSURL("https://orchid.my.erp.net/id/connect/introspect")))
    }

    private func health(_ status: Int, _ body: String) throws -> TokenHealth { try probe().health(in: answer(status, body, retryAfter: "7"), now: now) }

    @Test func `INT-01 an introspection has the token, its type and the client authentication`() throws {
        #expect(try probe().message().form == "token=enrt_0A%2BB&token_type_hint=access_token&client_id=com.example%2Fdesk&client_secret=s3cr3t")
        let basic = try probe(.basic(Secret("s3cr3t"))).message()
        #expect(basic.form == "token=enrt_0A%2BB&token_type_hint=access_token")
        #expect(basic.header("Authorization")?.hasPrefix("Basic ") == true)
    }

    @Test(
        arguments: [
            (#"{"active":true}"#, nil), (#"{"active":true,"exp":1790000000,"scope":"read"}"#, 1_790_000_000), (#"{"active":true,"exp":1.79e9}"#, 1_790_000_000),
            (#"{"active":true,"exp":"1790000000"}"#, nil), (#"{"active":true,"exp":-1}"#, nil), (#"{"active":true,"exp":1e300}"#, nil),
        ] as [(String, Int64?)])
    func `INT-02 INT-06 only active is required, and exp is a hint`(body: String, end: Int64?) throws {
        #expect(try health(200, body) == .good(expires: end))
    }

    @Test func `INT-02 an inactive token is a normal response`() throws {
        #expect(try health(200, #"{"active":false}"#) == .refused("'https://orchid.my.erp.net/id/connect/introspect' says that it is not active"))
    }

    @Test(arguments: ["", "{}", "<html>", #"{"active":"true"}"#, #"{"active":null}"#, "[true]"])
    func `a success without active is unknown`(body: String) throws {
        guard case .unknown(let failure) = try health(200, body) else { return #expect(Bool(false), "something was learned") }
        #expect(failure.law == .answered(retryAfter: nil))
    }

    @Test(arguments: [401, 403]) func `INT-04 a rejected client does not mean a refused token`(status: Int) throws {
        guard case .unknown(let failure) = try health(status, #"{"error":"invalid_client"}"#) else { return #expect(Bool(false), "something was learned") }
        #expect(failure.law == .configuration)
        #expect(failure.text.contains("answered \(status) invalid_client, so this client may not ask it"))
    }

    @Test(
        arguments: [
            (404, "", .silent), (400, "", .silent), (400, #"{"error":"invalid_request"}"#, .configuration), (302, "", .silent),
            (429, "", .answered(retryAfter: 7)), (503, "", .answered(retryAfter: 7)), (500, "", .answered(retryAfter: 7)),
        ] as [(Int, String, ExchangeFailure.Law)])
    func `a missing response is unknown`(status: Int, body: String, law: ExchangeFailure.Law) throws {
        guard case .unknown(let failure) = try health(status, body) else { return #expect(Bool(false), "something was learned") }
        #expect(failure.law == law)
    }

    @Test func `a server that repeats what was sent is not quoted`() throws {
        for echo in ["enrt_0A+B", "enrt_0A%2BB", "s3cr3t"] {
            guard case .unknown(let failure) = try health(400, #"{"error":"invalid_request","error_description":"\#(echo)"}"#) else {
                return #expect(Bool(false))
            }
            #expect(failure.text == "'https://orchid.my.erp.net/id/connect/introspect' answered 400 invalid_request")
        }
        var dumped = ""
        dump(try probe(), to: &dumped)
        #expect(!dumped.contains("enrt_0") && !dumped.contains("s3cr3t"))
    }
}

struct `Looking at an endpoint` {
    private func status(_ result: EndpointResult) throws -> Int {
        try ReachabilityCheck(at: try HTTPSURL("https://orchid.my.erp.net/id/connect/token")).status(in: result, now: now)
    }

    @Test func `a reachability check is a POST with an empty form`() throws {
        let message = ReachabilityCheck(at: try HTTPSURL("https://orchid.my.erp.net/id/connect/token")).message()
        guard case .post(let form) = message.method else { return #expect(Bool(false), "it is no POST") }
        #expect(form.isEmpty && message.headers.isEmpty)
    }

    @Test(arguments: [200, 302, 400, 401, 404, 405]) func `any response shows that the endpoint exists`(code: Int) throws {
        #expect(try status(answer(code)) == code)
    }

    @Test(arguments: [429, 503, 500, 408]) func `a server error may pass`(code: Int) throws {
        let failure = #expect(throws: ExchangeFailure.self) { try status(answer(code)) }
        #expect(failure?.law == .answered(retryAfter: nil))
    }

    @Test func `a missing response is reported with its reason`() throws {
        let failure = #expect(throws: ExchangeFailure.self) { try status(fault(.certificate, unsent: true)) }
        #expect(failure?.fault == .certificate)
        #expect(failure?.text == "could not get 'https://orchid.my.erp.net/id/connect/token': it broke")
    }
}

struct `What metadata tell beside their document` {
    private func metadata(_ date: String?) throws -> ServerMetadata {
        var discovery = Discovery(ServerSettings(location: .issuer("https://a.example/id")))
        _ = discovery.begin()
        return try #require(discovery.receive(answer(200, #"{"issuer":"https://a.example/id"}"#, date: date), now: now).metadata)
    }

    @Test func `the source is the URL of the metadata`() throws {
        #expect(try metadata(nil).source == "https://a.example/id/.well-known/openid-configuration")
    }

    @Test(
        arguments: [
            ("Mon, 03 Nov 2025 16:02:40 GMT", 0), ("Mon, 03 Nov 2025 16:03:55 GMT", 75), ("Mon, 03 Nov 2025 15:02:40 GMT", -3600), ("soon", nil), (nil, nil),
        ] as [(String?, Int64?)])
    func `TIME-03 the metadata have the difference of the clocks`(date: String?, ahead: Int64?) throws {
        #expect(try metadata(date).clockAhead == ahead)
    }
}
