import Glibc
import OAuth
import Secrets
import TestSupport
import Testing
@testable import TokenDaemon
import TokenLedger
import TokenWire

nonisolated struct ConfigurationModelTests {
    @Test func `the example of the documentation reads clean`() throws {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            """
            # /etc/tokend/apps.d/portal.toml
            issuer = "https://demodb.my.erp.net/id"      # or: erpnet = "https://demodb.my.erp.net" (site auto-discovery)

            [client]
            id = "my.trusted.app/portal"
            authentication = "client_secret_post"        # none, client_secret_basic, private_key_jwt, tls_client_auth, …
            secret = { credential = "portal-secret" }    # or { file = "/path" }; never inline

            [token.sync]                                 # portal.sync
            grant = "client_credentials"
            scopes = ["read", "update"]
            allow = [ { unit = "erp-sync.service" }, { user = "backup", scopes = ["read"] } ]
            """)
        #expect(house.problems() == [])
        let name = try #require(TokenName("portal.sync"))
        var wanted = Configuration()
        wanted.applications["portal"] = Application(
            name: "portal", server: ServerSettings(location: .issuer("https://demodb.my.erp.net/id")),
            client: ClientIdentity(id: "my.trusted.app/portal", authentication: .post(Secret("open sesame"))))
        wanted.tokens[name] = TokenSettings(
            name: name, grant: .clientCredentials, scopes: ["read", "update"],
            allow: [
                AllowEntry(who: PeerPattern(unit: UnitPattern("erp-sync.service")), place: "portal.toml:12"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "backup", id: 34)), scopes: ["read"], place: "portal.toml:12"),
            ])
        #expect(house.read().configuration == wanted)
    }

    @Test(arguments: ["", "# "])
    func `the example that is shipped reads clean, its commented lines too`(comment: String) throws {
        let house = try ConfigurationHouse()
        try house.write("../credentials/secret_portal", "open sesame", mode: 0o400)
        let example = try repository() + "/systemd/example"
        let daemon = try text(of: example + "/tokend.toml").split(separator: "\n").map { line in
            // lines such as "# idle = 300" are settings that are switched off; sentences have no equals sign
            line.contains(" = ") && line.hasPrefix("# ") ? String(line.dropFirst(comment.count)) : String(line)
        }
        try house.write("tokend.toml", daemon.joined(separator: "\n"))
        try house.write("apps.d/portal.toml", text(of: example + "/apps.d/portal.toml.example"))
        #expect(house.problems() == [])
        #expect(house.read().configuration?.tokens.count == 1)
        #expect(house.read().configuration?.limits == Limits(), "what stands there is the default")
    }

    private func text(of path: String) throws -> String {
        do {
            return try OpenedFile(path, followsLinks: true).text()
        } catch {
            throw TestFailure(error.text)
        }
    }

    private func repository() throws -> String {
        let real = try #require(realpath(#filePath, nil))
        defer { free(real) }
        return String(cString: real).split(separator: "/").dropLast(4).reduce(into: "") { $0 += "/\($1)" }
    }

    @Test func `every key of an application and a token arrives`() throws {
        let house = try ConfigurationHouse()
        let ca = try house.write("../ca.pem", "x\n-----BEGIN CERTIFICATE-----\n")
        let secret = try house.write("../secret", "s3cret", mode: 0o600)
        try house.write(
            "apps.d/a-1_b.toml",
            """
            erpnet = "https://demodb.my.erp.net"
            issuer = "https://id.example.com/id"
            ca_file = "\(ca)"
            proxy = "http://proxy.example.com:3128"
            timeout = 600
            client = { id = "a b", authentication = "client_secret_basic", secret.file = "\(secret)" }
            [endpoints]
            token = "https://id.example.com/token?tenant=1"
            authorization = "https://id.example.com/a"
            jwks = "https://id.example.com/j"
            revocation = "https://id.example.com/r"
            introspection = "https://id.example.com/i"
            device = "https://id.example.com/d"
            [token."0"]
            grant = "client_credentials"
            audiences = ["orders", "stock"]
            audience_parameter = "audience"
            min_valid = 90
            keep = "always"
            shared = true
            assume_lifetime = 600
            header = "X-Api-Key"
            allow = [ { user = "root" } ]
            """)
        #expect(house.problems() == [])
        let name = try #require(TokenName("a-1_b.0"))
        var endpoints = PinnedEndpoints()
        endpoints.token = "https://id.example.com/token?tenant=1"
        endpoints.authorization = "https://id.example.com/a"
        endpoints.jwks = "https://id.example.com/j"
        endpoints.revocation = "https://id.example.com/r"
        endpoints.introspection = "https://id.example.com/i"
        endpoints.device = "https://id.example.com/d"
        var wanted = Configuration()
        wanted.applications["a-1_b"] = Application(
            name: "a-1_b",
            server: ServerSettings(
                location: .erpnet(root: "https://demodb.my.erp.net", issuer: "https://id.example.com/id"), endpoints: endpoints, caFile: ca,
                proxy: "http://proxy.example.com:3128", timeout: 600, assumesBearer: true),
            client: ClientIdentity(id: "a b", authentication: .basic(Secret("s3cret"))))
        wanted.tokens[name] = TokenSettings(
            name: name, grant: .clientCredentials, audiences: ["orders", "stock"], audienceParameter: .audience, minValid: 90, keep: .always,
            shared: true, assumeLifetime: 600, header: .apiKey,
            allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "root", id: 0)), place: "a-1_b.toml:23")])
        #expect(house.read().configuration == wanted)
    }

    @Test(arguments: [
        ("issuer = \"https://a.example.com\"", ServerLocation.issuer("https://a.example.com"), false),
        ("erpnet = \"https://a.example.com\"", .erpnet(root: "https://a.example.com", issuer: nil), true),
        (
            "erpnet = \"https://a.example.com\"\nissuer = \"https://b.example.com\"", .erpnet(root: "https://a.example.com", issuer: "https://b.example.com"),
            true
        ),
    ])
    func `an ERP net instance is taken to mean Bearer`(head: String, location: ServerLocation, assumesBearer: Bool) throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/a.toml", head + "\n[client]\nid = \"a\"\nsecret = { credential = \"portal-secret\" }\n")
        let server = try #require(house.read().configuration?.applications["a"]?.server)
        #expect(server.location == location)
        #expect(server.assumesBearer == assumesBearer)
    }

    @Test func `a client with a secret and no method sends it in the body`() throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/a.toml", "issuer = \"https://a.example.com\"\n[client]\nid = \"a\"\nsecret = { credential = \"portal-secret\" }\n")
        try house.write("apps.d/b.toml", "issuer = \"https://a.example.com\"\n[client]\nid = \"b\"\n")
        let applications = try #require(house.read().configuration?.applications)
        #expect(applications["a"]?.client.authentication == .post(Secret("open sesame")))
        #expect(applications["b"]?.client.authentication == ClientAuthentication.none)
    }

    @Test func `keys that differ only in their Unicode form do no harm`() throws {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", "\"\u{E9}\" = 1\n\"e\u{301}\" = 2\n")
        #expect(house.read().configuration == nil)
        #expect(!house.problems().isEmpty)
    }

    @Test func `a thousand tokens are read in order`() throws {
        let house = try ConfigurationHouse()
        let tokens = (0..<1000).map { "[token.t\($0)]\ngrant = \"client_credentials\"\nallow = [ { user = \"alice\" } ]\n" }
        try house.write(
            "apps.d/a.toml", "erpnet = \"https://a.example.com\"\n[client]\nid = \"a\"\nsecret = { credential = \"portal-secret\" }\n" + tokens.joined())
        let reading = house.read()
        #expect(reading.problems == [])
        #expect(reading.configuration?.tokens.count == 1000)
        #expect(reading.configuration?.tokens[try #require(TokenName("a.t999"))]?.allow.first?.place.description == "a.toml:3004")
    }
}
