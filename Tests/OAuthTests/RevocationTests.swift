import OAuth
import Secrets
import Testing

struct `Revoking a token` {
    private func request(
        _ authentication: ClientAuthentication = .post(Secret("s3cr3t")), _ hint: RevocationRequest.Hint = .refreshToken
    ) throws -> RevocationRequest {
        let client = ClientIdentity(id: "com.example.orchid/desk", authentication: authentication)
        let endpoint = try HTTPSURL("https://orchid.my.erp.net/id/connect/revocation?k=v", allowsQuery: true)
        return RevocationRequest(Secret("AC46954F+B1"), hint, as: client, at: endpoint)
    }

    private func failure(_ result: EndpointResult) throws -> ExchangeFailure? {
        guard case .failed(let failure) = try request().outcome(of: result, now: now) else { return nil }
        return failure
    }

    @Test func `REV-01 CAUTH-05 the request has the token, its type and the client authentication`() throws {
        let message = try request().message()
        #expect(message.form == "token=AC46954F%2BB1&token_type_hint=refresh_token&client_id=com.example.orchid%2Fdesk&client_secret=s3cr3t")
        #expect(message.url == "https://orchid.my.erp.net/id/connect/revocation?k=v")
        #expect(try request(.none, .accessToken).message().form == "token=AC46954F%2BB1&token_type_hint=access_token&client_id=com.example.orchid%2Fdesk")
        let basic = try request(.basic(Secret("s3cr3t"))).message()
        #expect(basic.form == "token=AC46954F%2BB1&token_type_hint=refresh_token")
        #expect(basic.header("Authorization")?.hasPrefix("Basic ") == true)
    }

    @Test func `REV-01 the endpoint is that of the metadata, and is not guessed`() throws {
        #expect(throws: ExchangeFailure.self) { try orchid().url(of: .revocation) }
        #expect(throws: ExchangeFailure.self) { try orchid(#","revocation_endpoint":"http://orchid.my.erp.net/r""#).url(of: .revocation) }
        #expect(try orchid(#","revocation_endpoint":"https://orchid.my.erp.net/r""#).url(of: .revocation).path == "/r")
    }

    @Test(arguments: ["", "{}", "<html>", #"{"error":"invalid_request"}"#, #"{"error":"unsupported_token_type"}"#])
    func `REV-02 a 200 is a success, whatever its body`(body: String) throws {
        #expect(try request().outcome(of: answer(200, body), now: now) == .revoked)
        #expect(try request().outcome(of: answer(204, body), now: now) == .revoked)
    }

    @Test(arguments: [(503, ExchangeFailure.Reach.server), (429, .client), (500, .credential), (502, .credential), (504, .credential), (408, .credential)])
    func `REV-03 a server with errors is asked again later`(status: Int, reach: ExchangeFailure.Reach) throws {
        for body in ["", #"{"error":"invalid_client"}"#] {
            let failure = try failure(answer(status, body, retryAfter: "30"))
            #expect(failure?.law == .answered(retryAfter: 30))
            #expect(failure?.reach == reach)
        }
    }

    @Test(arguments: [400, 401, 403])
    func `REV-04 a token that the server does not revoke can only be deleted here`(status: Int) throws {
        let outcome = try request().outcome(of: answer(status, #"{"error":"unsupported_token_type"}"#), now: now)
        #expect(outcome == .unsupported("'https://orchid.my.erp.net/id/connect/revocation' does not revoke refresh tokens"))
    }

    @Test(
        arguments: [
            (fault(.unreachable, unsent: true), .unsent), (fault(.broken, unsent: false), .unsent), (fault(.certificate, unsent: true), .unsent),
            (answer(302), .silent), (answer(401), .silent), (answer(404), .silent), (answer(400), .silent), (fault(.unusable, unsent: true), .configuration),
            (answer(400, #"{"error":"invalid_client"}"#), .configuration), (answer(400, #"{"error":"invalid_request"}"#), .configuration),
            (answer(400, #"{"error":"temporarily_unavailable"}"#), .answered(retryAfter: nil)),
        ] as [(EndpointResult, ExchangeFailure.Law)])
    func `a revocation can be repeated, so its result is never unknown`(result: EndpointResult, law: ExchangeFailure.Law) throws {
        #expect(try failure(result)?.law == law)
    }

    @Test func `a failure is reported without a secret`() throws {
        #expect(try failure(answer(503))?.text == "'https://orchid.my.erp.net/id/connect/revocation' answered 503")
        #expect(try failure(fault(.broken, unsent: false))?.text.hasPrefix("could not get a token revoked by 'https://") == true)
        for echo in ["AC46954F+B1", "AC46954F%2BB1", "s3cr3t"] {
            let text = try failure(answer(400, #"{"error":"invalid_request","error_description":"\#(echo)"}"#))?.text
            #expect(text == "'https://orchid.my.erp.net/id/connect/revocation' answered 400 invalid_request")
        }
        var dumped = ""
        dump(try request(), to: &dumped)
        #expect(!dumped.contains("AC46954F") && !dumped.contains("s3cr3t"))
    }
}

struct `Ending a session` {
    private func url(_ change: (inout EndSessionRequest) -> Void = { _ in }, query: String = "") throws -> String {
        let endpoint = try HTTPSURL("https://orchid.my.erp.net/id/connect/endsession" + query, allowsQuery: true)
        var request = EndSessionRequest(
            at: endpoint, idToken: Secret("eyJ.e30.c2ln"), postLogoutRedirectURI: "http://127.0.0.1:53682/bye/orchid", state: Secret("lo-81f2"))
        change(&request)
        return try request.url()
    }

    @Test func `REV-07 the URL matches the example of ERP.net`() throws {
        #expect(
            try url() == "https://orchid.my.erp.net/id/connect/endsession?id_token_hint=eyJ.e30.c2ln"
                + "&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A53682%2Fbye%2Forchid&state=lo-81f2")
    }

    @Test func `REV-07 missing values are omitted`() throws {
        #expect(try url { $0.state = nil }.hasSuffix("orchid"))
        let hint = "https://orchid.my.erp.net/id/connect/endsession?id_token_hint=eyJ.e30.c2ln"
        #expect(try url { $0.postLogoutRedirectURI = nil } == hint, "a state is for a browser that comes back")
        #expect(
            try url {
                $0.idToken = nil
                $0.postLogoutRedirectURI = nil
            } == "https://orchid.my.erp.net/id/connect/endsession")
    }

    @Test func `REV-07 the client id is sent if there is no ID token`() throws {
        #expect(try url { $0.clientID = "portal" } == url())
        #expect(
            try url {
                ($0.idToken, $0.clientID, $0.state) = (nil, "my.app/portal", nil)
            }
                == "https://orchid.my.erp.net/id/connect/endsession?client_id=my.app%2Fportal&post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A53682%2Fbye%2Forchid"
        )
    }

    @Test func `the query of the endpoint is kept, and no parameter is repeated`() throws {
        #expect(try url(query: "?tenant=7").hasPrefix("https://orchid.my.erp.net/id/connect/endsession?tenant=7&id_token_hint="))
        #expect(throws: ExchangeFailure.self) { try url(query: "?state=x") }
    }
}
