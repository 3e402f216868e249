import OAuth
import Secrets
import Testing

struct `The token request` {
    private let secret = Secret("s3cr3t/with+odd&chars=")

    private func message(
        _ authentication: ClientAuthentication, scopes: [String] = ["read", "update"], audience: Audience? = nil
    ) throws -> EndpointRequest {
        let client = ClientIdentity(id: "com.example.orchid/sync", authentication: authentication)
        let endpoint = try HTTPSURL("https://idp.example/token?tenant=7", allowsQuery: true)
        return try TokenRequest(.clientCredentials(scopes: scopes, audience: audience), as: client, at: endpoint, assumesBearer: false).message()
    }

    @Test func `CAUTH-03 with client_secret_post id and secret are in the body only`() throws {
        let message = try message(.post(secret))
        #expect(
            message.form == "grant_type=client_credentials&scope=read%20update&client_id=com.example.orchid%2Fsync&client_secret=s3cr3t%2Fwith%2Bodd%26chars%3D"
        )
        #expect(message.url == "https://idp.example/token?tenant=7")
        #expect(message.headers.isEmpty)
    }

    @Test func `CAUTH-01 with Basic the body has no client credentials`() throws {
        let message = try message(.basic(secret))
        #expect(message.form == "grant_type=client_credentials&scope=read%20update")
        #expect(message.header("Authorization") == "Basic Y29tLmV4YW1wbGUub3JjaGlkJTJGc3luYzpzM2NyM3QlMkZ3aXRoJTJCb2RkJTI2Y2hhcnMlM0Q=")
        #expect(message.headers.count == 1)
    }

    @Test func `CAUTH-04 CAUTH-05 CC-01 client credentials require a client that authenticates`() throws {
        let failure = #expect(throws: ExchangeFailure.self) { try message(.none) }
        #expect(failure?.law == .configuration)
        #expect(failure?.text.contains("'com.example.orchid/sync'") == true)
        for authentication in [ClientAuthentication.post(secret), .basic(secret)] {
            let message = try message(authentication)
            #expect((message.header("Authorization") != nil) != (message.fields["client_secret"] != nil), "exactly one way")
        }
    }

    @Test(arguments: ["openid", "profile", "offline_access"])
    func `CC-04 scopes about a person are sent if configured, and never added`(scope: String) throws {
        #expect(try message(.post(secret), scopes: ["read", scope]).fields["scope"] == ["read%20\(scope)"])
        #expect(try message(.post(secret), scopes: ["read"]).fields["scope"] == ["read"])
    }

    @Test func `NET-06 no parameter is repeated or empty`() throws {
        let message = try message(.post(secret), scopes: ["read", "read", "update"], audience: Audience(parameter: .resource, value: "https://api.example/"))
        #expect(message.fields.values.allSatisfy { $0.count == 1 && $0[0] != "" })
        #expect(message.fields["scope"] == ["read%20update"])
        #expect(message.fields["resource"] == ["https%3A%2F%2Fapi.example%2F"])
        #expect(try self.message(.post(secret), scopes: []).fields["scope"] == nil)
        #expect(try self.message(.post(secret), audience: Audience(parameter: .audience, value: "")).fields["audience"] == nil)
        #expect(try self.message(.post(secret), audience: Audience(parameter: .audience, value: "a b")).fields["audience"] == ["a%20b"])
    }

    @Test func `client credentials consume nothing, so a reused connection is permitted`() throws {
        #expect(try !message(.post(secret)).freshConnection)
    }

    @Test func `a printed request shows none of its secrets`() throws {
        for authentication in [ClientAuthentication.post(Secret("canary-7f3a")), .basic(Secret("canary-7f3a"))] {
            let message = try message(authentication)
            var dumped = ""
            dump(message, to: &dumped)
            #expect(!dumped.contains("canary"))
            #expect(!"\(message)\(String(reflecting: message))".contains("canary"))
        }
    }
}
