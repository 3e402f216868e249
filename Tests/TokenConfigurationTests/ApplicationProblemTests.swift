import Testing
@testable import TokenConfiguration

struct ApplicationProblemTests {
    private static let token = "[token.sync]\ngrant = \"client_credentials\"\nallow = [ { user = \"alice\" } ]\n"
    private static let wrongProxy =
        "must be \"http://host:port\" and nothing else; "
        + "write a password beside it: proxy = { url = \"http://host:port\", user = \"name\", password = { file = \"/path\" } }"
    private static let client = "[client]\nid = \"app\"\nsecret = { credential = \"portal-secret\" }\n"

    private func expect(_ text: String, _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/portal.toml", text)
        #expect(house.problems() == expected.map { "portal.toml:" + $0 }, "\(text)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        ("", " issuer: is missing; write issuer = \"https://…\", or erpnet = \"https://…\" for an ERP.net instance"),
        ("issuer = \"http://id.example.com\"", "1: issuer: is not an absolute https URL; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"id.example.com\"", "1: issuer: is not an absolute https URL; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"https://\"", "1: issuer: has no usable host; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"https://u:hunter2@id.example.com\"", "1: issuer: has a user name; write an address such as \"https://id.example.com/path\""),
        (
            "issuer = \"https://id.example.com/realms/a/.well-known/openid-configuration\"",
            "1: issuer: is the address of the metadata, not the issuer they name; write issuer = \"https://id.example.com/realms/a\""
        ),
        (
            "issuer = \"https://id.example.com/.well-known/oauth-authorization-server/a\"",
            "1: issuer: is the address of the metadata, not the issuer they name; write issuer = \"https://id.example.com/a\""
        ),
        (
            "issuer = \"https://login.microsoftonline.com/{tenantid}/v2.0\"",
            "1: issuer: has a placeholder in it; write what your tenant has in its place, which at Entra is the directory (tenant) id"
        ),
        (
            "issuer = \"https://<tenant>.auth0.com/\"",
            "1: issuer: has a placeholder in it; write what your tenant has in its place, which at Entra is the directory (tenant) id"
        ),
        ("issuer = \"https://a.example.com\"\nassume_bearer = \"yes\"", "2: assume_bearer: must be true or false, not a string"),
        ("issuer = \"https://id.example.com/?a\"", "1: issuer: has a query; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"https://id.example.com/#a\"", "1: issuer: has a fragment; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"https://id.example.com:0/\"", "1: issuer: has no usable port; write an address such as \"https://id.example.com/path\""),
        ("erpnet = \"http://a.example.com\"", "1: erpnet: is not an absolute https URL; write an address such as \"https://id.example.com/path\""),
        ("issuer = \"https://a.example.com\"\ntimeout = 0", "2: timeout: must be 1 to 600 seconds, not 0"),
        ("issuer = \"https://a.example.com\"\ntimeout = 601", "2: timeout: must be 1 to 600 seconds, not 601"),
        ("issuer = \"https://a.example.com\"\nissuers = 1", "2: issuers: unknown key; did you mean \"issuer\"?"),
        (
            "issuer = \"https://a.example.com\"\nproxy = \"proxy:3128\"",
            "2: proxy: \(wrongProxy)"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = \"http://proxy\"",
            "2: proxy: \(wrongProxy)"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = \"http://proxy:3128/\"",
            "2: proxy: \(wrongProxy)"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = \"http://u:hunter2@proxy:3128\"",
            "2: proxy: \(wrongProxy)"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = \"http://proxy:99999\"",
            "2: proxy: \(wrongProxy)"
        ),
        ("issuer = \"https://a.example.com\"\nproxy = {}", "2: proxy.url: is missing; write url = \"http://host:port\""),
        ("issuer = \"https://a.example.com\"\nproxy = { url = \"https://proxy:3128\" }", "2: proxy.url: \(wrongProxy)"),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"tokend\" }",
            "2: proxy.password: is missing; write password = { credential = \"name\" } or password = { file = \"/path\" }"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", password = { credential = \"portal-secret\" } }",
            "2: proxy.user: is missing; write the user name that the proxy knows"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"a:b\", password = { credential = \"portal-secret\" } }",
            "2: proxy.user: must have no colon and no control character"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"tokend\", password = \"hunter2\" }",
            "2: proxy.password: must not be written into the configuration; write password = { credential = \"name\" } or password = { file = \"/path\" }, "
                + "and change the password: it was readable here"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"tokend\", password = { credential = \"none\" } }",
            "2: proxy.password.credential: there is no credential \"none\"; "
                + "make it with \"systemd-creds encrypt --name=secret_none - /etc/tokend/secrets.d/none\", then restart tokend"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"tokend\", password = { file = \"/nowhere/proxy\" } }",
            "2: proxy.password.file: \"/nowhere/proxy\" does not exist"
        ),
        (
            "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", username = \"tokend\" }",
            "2: proxy.username: unknown key; here are known: password, url, user"
        ),
        ("issuer = \"https://a.example.com\"\nca_file = \"ca.pem\"", "2: ca_file: must be an absolute path"),
        ("issuer = \"https://a.example.com\"\nca_file = \"/nowhere/ca.pem\"", "2: ca_file: \"/nowhere/ca.pem\" does not exist"),
        ("issuer = \"https://a.example.com\"\nendpoints = 1", "2: endpoints: must be a table, not a number"),
        (
            "issuer = \"https://a.example.com\"\n[endpoints]\ntoken = \"http://a.example.com\"",
            "3: endpoints.token: is not an absolute https URL; write an address such as \"https://id.example.com/path\""
        ),
        ("issuer = \"https://a.example.com\"\n[endpoints]\ntokens = \"https://a.example.com\"", "3: endpoints.tokens: unknown key; did you mean \"token\"?"),
    ])
    func `each fault of a server is told with its line, key and remedy`(head: String, problem: String) throws {
        try expect(head + "\n" + Self.client + Self.token, [problem])
    }

    @Test func `a password for a proxy is one line`() throws {
        let house = try ConfigurationHouse()
        try house.write("../credentials/proxy", "first\nsecond\n", mode: 0o400)
        let head = "issuer = \"https://a.example.com\"\nproxy = { url = \"http://proxy:3128\", user = \"tokend\", password = { credential = \"proxy\" } }\n"
        try house.write("apps.d/portal.toml", head + Self.client + Self.token)
        let fault = "\"~/credentials/proxy\" holds a control character, such as a second line; it must hold the secret alone"
        #expect(house.problems() == ["portal.toml:2: proxy.password.credential: \(fault)"])
    }

    @Test func `a client is required`() throws {
        try expect("issuer = \"https://a.example.com\"\n" + Self.token, [" client: is missing; add a [client] table with its id"])
    }

    @Test(arguments: ["token", "authorization", "jwks", "revocation", "introspection", "device"])
    func `DISC-08 a pinned endpoint is https without a fragment`(endpoint: String) throws {
        let rest = "\"\n" + Self.client + Self.token
        let head = "issuer = \"https://a.example.com\"\nendpoints.\(endpoint) = \""
        let remedy = "write an address such as \"https://id.example.com/path\""
        try expect(head + "http://a.example.com/t" + rest, ["2: endpoints.\(endpoint): is not an absolute https URL; \(remedy)"])
        try expect(head + "https://a.example.com/t#x" + rest, ["2: endpoints.\(endpoint): has a fragment; \(remedy)"])
        try expect(head + "https://a.example.com/t?x=1" + rest, [])
    }

    /// `[client]` stands on line 2, its keys begin on line 3.
    @Test(arguments: [
        ("secret = { credential = \"portal-secret\" }", "2: client.id: is missing; write the client id that the server knows"),
        ("id = \"\"\nsecret = { credential = \"portal-secret\" }", "3: client.id: must not be empty"),
        ("id = \"ä\"\nsecret = { credential = \"portal-secret\" }", "3: client.id: must be printable ASCII"),
        ("id = \"a\"\nsecrets = 1\nsecret = { credential = \"portal-secret\" }", "4: client.secrets: unknown key; did you mean \"secret\"?"),
        (
            "id = \"a\"\nsecret = { credential = \"portal-secret\" }\nauthentication = \"basic\"",
            "5: client.authentication: must be \"none\", \"client_secret_post\", \"client_secret_basic\", \"client_secret_jwt\", \"private_key_jwt\", \"tls_client_auth\" or \"self_signed_tls_client_auth\", not \"basic\""
        ),
        (
            "id = \"a\"\nauthentication = \"client_secret_basic\"",
            "4: client.authentication: \"client_secret_basic\" needs a secret; write secret = { credential = \"name\" } or secret = { file = \"/path\" }"
        ),
        (
            "id = \"a\"\nauthentication = \"private_key_jwt\"",
            "4: client.authentication: \"private_key_jwt\" is not supported by this version; use \"client_secret_post\", \"client_secret_basic\" or \"none\""
        ),
        (
            "id = \"a\"\nauthentication = \"tls_client_auth\"",
            "4: client.authentication: \"tls_client_auth\" is not supported by this version; use \"client_secret_post\", \"client_secret_basic\" or \"none\""
        ),
        (
            "id = \"a\"\nsecret = {}",
            "4: client.secret: must name a credential or a file, one of the two; write secret = { credential = \"name\" } or secret = { file = \"/path\" }"
        ),
        (
            "id = \"a\"\nsecret = { credential = \"a\", file = \"/b\" }",
            "4: client.secret: must name a credential or a file, one of the two; write secret = { credential = \"name\" } or secret = { file = \"/path\" }"
        ),
        (
            "id = \"a\"\nsecret = { credentail = \"a\", file = \"/nowhere/b\" }",
            "4: client.secret.credentail: unknown key; did you mean \"credential\"?\nportal.toml:4: client.secret.file: \"/nowhere/b\" does not exist"
        ),
        ("id = \"a\"\nsecret = 5", "4: client.secret: must be a table, not a number"),
        ("id = \"a\"\nsecret = { file = \"b\" }", "4: client.secret.file: must be an absolute path"),
        (
            "id = \"a\"\nsecret = { credential = \"missing\" }",
            "4: client.secret.credential: there is no credential \"missing\"; make it with \"systemd-creds encrypt --name=secret_missing - /etc/tokend/secrets.d/missing\", then restart tokend"
        ),
        (
            "id = \"a\"\nsecret = { credential = \"../tokend/x\" }",
            "4: client.secret.credential: is not the name of a credential: printable characters without blanks, \"/\" and \":\", at most 255"
        ),
    ])
    func `each fault of a client is told with its line, key and remedy`(client: String, problem: String) throws {
        let expected = problem.split(separator: "\nportal.toml:").map(String.init)
        try expect("issuer = \"https://a.example.com\"\n[client]\n\(client)\n" + Self.token, expected)
    }

    @Test func `CC-01 client credentials need a client that proves itself`() throws {
        let problem = "5: token.sync.grant: client credentials need a client that proves itself; give [client] its secret"
        try expect("issuer = \"https://a.example.com\"\n[client]\nid = \"a\"\n" + Self.token, [problem])
        try expect("issuer = \"https://a.example.com\"\n[client]\nid = \"a\"\nauthentication = \"none\"\n" + Self.token, [problem.replacing("5:", with: "6:")])
    }

    @Test func `a secret beside authentication none is a contradiction`() throws {
        try expect(
            "issuer = \"https://a.example.com\"\n" + Self.client + "authentication = \"none\"\n" + Self.token,
            [
                "5: client.authentication: \"none\" sends no secret, yet there is one; remove one of the two",
                "7: token.sync.grant: client credentials need a client that proves itself; give [client] its secret",
            ])
    }

    @Test(arguments: ["secret = \"hunter2\"", "secret = 'hunter2'", "secret = \"\"\"\nhunter2\"\"\""])
    func `SEC-01 a secret in the configuration is refused and not repeated`(line: String) throws {
        try expect(
            "issuer = \"https://a.example.com\"\n[client]\nid = \"a\"\n\(line)\n" + Self.token,
            [
                "4: client.secret: must not be written into the configuration; write secret = { credential = \"name\" } or secret = { file = \"/path\" }, "
                    + "and change the secret: it was readable here"
            ])
    }

    @Test func `an application without tokens is a warning`() throws {
        try expect("issuer = \"https://a.example.com\"\n" + Self.client, [" warning: has no [token.NAME] table, so there is nothing to ask for"])
        try expect("issuer = \"https://a.example.com\"\ntoken = 1\n" + Self.client, ["2: token: must be a table, not a number"])
        try expect("issuer = \"https://a.example.com\"\ntoken.sync = 1\n" + Self.client, ["2: token.sync: must be a table, not a number"])
    }

    @Test func `DISC-13 two applications of one server have the same endpoints`() throws {
        let house = try ConfigurationHouse()
        let issuer = "issuer = \"https://a.example.com\"\n"
        let pinned = "[endpoints]\ntoken = \"https://a.example.com/token\"\n"
        try house.write("apps.d/a.toml", issuer + Self.client + Self.token)
        try house.write("apps.d/b.toml", issuer + pinned + Self.client + Self.token)
        try house.write("apps.d/c.toml", "issuer = \"https://c.example.com\"\n" + pinned + Self.client + Self.token)
        #expect(house.problems() == ["b.toml:2: endpoints: is the same server as in \"a.toml\", with other [endpoints]; pin the same ones in both"])
        try house.write("apps.d/a.toml", issuer + pinned + Self.client + Self.token)
        #expect(house.problems() == [])
    }
}
