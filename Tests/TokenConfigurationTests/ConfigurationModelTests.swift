import Glibc
import OAuth
import Secrets
import TestSupport
import Testing
@testable import TokenConfiguration
import TokenLedger
import TokenWire

struct ConfigurationModelTests {
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

            [token.user]                                 # portal.user: a person signs in once
            grant = "authorization_code"
            response_type = "code"                       # or "code id_token"
            redirect_uri = "http://127.0.0.1:53177/callback"
            scopes = ["openid", "read", "offline_access"]
            allow = [ { user = "alice", login = true } ]

            [token.pat]                                  # portal.pat: held, never exchanged
            grant = "reference"
            value = { credential = "portal-pat" }        # or brought in with `tokenctl import`
            expires = 2027-03-01T00:00:00Z
            header = "X-Api-Key"
            shared = true                                # a group may be many
            allow = [ { group = "reporting" } ]
            """)
        try house.write("../credentials/portal-pat", "enrt_0A1B\n", mode: 0o400)
        #expect(house.problems() == [])
        var wanted = Configuration()
        wanted.subordinates = ConfigurationHouse.names.subordinates()
        wanted.applications["portal"] = Application(
            name: "portal", server: ServerSettings(location: .issuer("https://demodb.my.erp.net/id")),
            client: ClientIdentity(id: "my.trusted.app/portal", authentication: .post(Secret("open sesame"))))
        let sync = try #require(TokenName("portal.sync"))
        wanted.tokens[sync] = TokenSettings(
            name: sync, grant: .clientCredentials, scopes: ["read", "update"],
            allow: [
                AllowEntry(who: PeerPattern(unit: UnitPattern("erp-sync.service")), place: "portal.toml:12"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "backup", id: 34)), scopes: ["read"], place: "portal.toml:12"),
            ])
        let user = try #require(TokenName("portal.user"))
        wanted.tokens[user] = TokenSettings(
            name: user, grant: .authorizationCode(SignInSettings(redirectURIs: ["http://127.0.0.1:53177/callback"])),
            scopes: ["openid", "read", "offline_access"],
            allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true, place: "portal.toml:19")])
        let pat = try #require(TokenName("portal.pat"))
        wanted.tokens[pat] = TokenSettings(
            name: pat, grant: .reference(ReferenceSettings(value: Secret("enrt_0A1B"), expires: .at(1_803_859_200))), shared: true, header: .apiKey,
            allow: [AllowEntry(who: PeerPattern(group: NamedID(name: "reporting", id: 500)), place: "portal.toml:27")])
        #expect(house.read().configuration == wanted)
    }

    @Test func `every key of a sign-in arrives, beside client credentials of the same ERP net application`() throws {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/desk.toml",
            """
            erpnet = "https://demodb.my.erp.net"
            client = { id = "com.example/desk", secret = { credential = "portal-secret" } }
            [token.service]
            grant = "client_credentials"
            scopes = ["read"]
            allow = [ { unit = "erp-sync.service" } ]
            [token.user]
            grant = "authorization_code"
            response_type = "code id_token"
            redirect_uri = ["http://127.0.0.1:53177/cb", "http://[::1]:53178/cb"]
            post_logout_redirect_uri = "http://127.0.0.1:53177/bye"
            prompt = "login"
            login_hint = "m.petrova"
            max_age = 3600
            scopes = ["openid", "profile", "read", "update", "offline_access"]
            audiences = ["urn:api"]
            narrow = true
            refresh_dies_with_token = true
            refresh_lifetime = 1_000_000
            keep = "always"
            min_valid = 120
            assume_lifetime = 900
            allow = [ { user = "alice", login = true, scopes = ["read"] } ]
            [token.second]
            grant = "authorization_code"
            redirect_uri = "http://127.0.0.1:53177/cb"
            scopes = ["offline_access"]
            refresh_idle = 1_000_000
            allow = [ { user = "alice", login = true } ]
            """)
        #expect(house.problems() == [])
        let tokens = try #require(house.read().configuration?.tokens)
        #expect(tokens[try #require(TokenName("desk.service"))]?.grant == .clientCredentials)
        let user = try #require(TokenName("desk.user"))
        #expect(
            tokens[user]
                == TokenSettings(
                    name: user,
                    grant: .authorizationCode(
                        SignInSettings(
                            responseType: .codeIDToken, redirectURIs: ["http://127.0.0.1:53177/cb", "http://[::1]:53178/cb"],
                            postLogoutRedirectURI: "http://127.0.0.1:53177/bye", prompt: "login", loginHint: "m.petrova", maxAge: 3600, narrow: true,
                            refreshDiesWithToken: true, refreshLifetime: 1_000_000)),
                    scopes: ["openid", "profile", "read", "update", "offline_access"], audiences: ["urn:api"], minValid: 120, keep: .always,
                    assumeLifetime: 900,
                    allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), scopes: ["read"], login: true, place: "desk.toml:23")]))
        #expect(
            tokens[try #require(TokenName("desk.second"))]?.grant
                == .authorizationCode(SignInSettings(redirectURIs: ["http://127.0.0.1:53177/cb"], refreshLifetime: 2_592_000, refreshIdle: 1_000_000)))
    }

    @Test(arguments: [
        ("erpnet", "secret = { credential = \"portal-secret\" }", "offline_access", 2_592_000), ("erpnet", "", "offline_access", 86_400),
        ("erpnet", "", "openid", nil), ("issuer", "", "offline_access", nil),
    ])
    func `how long a refresh token of ERP net lives is known`(server: String, secret: String, scope: String, lifetime: Int?) throws {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/a.toml",
            """
            \(server) = "https://a.example.com"
            [client]
            id = "a"
            \(secret)
            [token.t]
            grant = "authorization_code"
            redirect_uri = "http://127.0.0.1:53177/cb"
            scopes = ["\(scope)"]
            allow = [ { user = "alice", login = true } ]
            """)
        let settings = SignInSettings(redirectURIs: ["http://127.0.0.1:53177/cb"], refreshLifetime: lifetime)
        #expect(house.read().configuration?.tokens.values.first?.grant == .authorizationCode(settings))
    }

    @Test func `an application that only holds tokens needs no client`() throws {
        let house = try ConfigurationHouse()
        let file = try house.write("../pat", "enrt_0A1B", mode: 0o600)
        try house.write(
            "apps.d/a.toml",
            """
            erpnet = "https://a.example.com"
            [token.file]
            grant = "reference"
            value = { file = "\(file)" }
            expires = "never"
            probe = { url = "https://a.example.com/profile/me", every = 60 }
            scopes = ["read"]
            min_valid = 30
            allow = [ { user = "alice" } ]
            [token.imported]
            grant = "reference"
            probe.url = "https://a.example.com/profile/me?x"
            allow = [ { user = "alice", login = true } ]
            """)
        #expect(house.problems() == [])
        let configuration = try #require(house.read().configuration)
        #expect(configuration.applications["a"]?.client == ClientIdentity(id: "", authentication: .none))
        let file1 = configuration.tokens[try #require(TokenName("a.file"))]
        #expect(file1?.scopes == ["read"])
        #expect(file1?.minValid == 30)
        #expect(
            file1?.grant
                == .reference(
                    ReferenceSettings(
                        value: Secret("enrt_0A1B"), expires: .never,
                        probe: ReferenceSettings.Probe(way: .api("https://a.example.com/profile/me"), every: 60))))
        #expect(
            configuration.tokens[try #require(TokenName("a.imported"))]?.grant
                == .reference(ReferenceSettings(probe: ReferenceSettings.Probe(way: .api("https://a.example.com/profile/me?x")))))
    }

    @Test func `a held value that only the service can see is passed over by a check`() throws {
        var house = try ConfigurationHouse()
        house.secrets.credentialsDirectory = nil
        house.secrets.offline = true
        try house.write("tokend.toml", "store.key = { credential = \"key\" }")
        try house.write(
            "apps.d/a.toml",
            """
            erpnet = "https://a.example.com"
            [token.t]
            grant = "reference"
            value = { credential = "pat" }
            expires = "never"
            allow = [ { user = "alice" } ]
            """)
        let reading = house.read()
        #expect(reading.problems == [])
        #expect(reading.passedOver.map(\.id).count == 2)
        #expect(reading.configuration == nil)
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T23:59:59Z", 951_868_799), ("2027-03-01T02:00:00.999+02:00", 1_803_859_200),
        ("2027-02-28 19:00:00-05:00", 1_803_859_200), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ])
    func `a date with time and zone is one moment`(text: String, seconds: Int64) throws {
        let root = try TOMLDocument("a = \(text)", file: "x.toml").root
        guard case .table(let entries) = root.content, case .moment(let found) = entries["a"]?.content else {
            throw TestFailure("\(text) is no moment")
        }
        #expect(found == seconds)
    }

    @Test(arguments: ["", "# "])
    func `the example that is shipped reads clean, its commented lines too`(comment: String) throws {
        let house = try ConfigurationHouse()
        try house.write("../credentials/secret_portal", "open sesame", mode: 0o400)
        try house.write("../credentials/secret_portal-pat", "enrt_0A1B", mode: 0o400)
        try house.write("../credentials/store-key", String(repeating: "A", count: 43) + "=", mode: 0o400)
        let example = try repository() + "/systemd/example"
        let daemon = try text(of: example + "/tokend.toml").split(separator: "\n").map { line in
            // lines such as "# idle = 300" are settings that are switched off; sentences have no equals sign
            line.contains(" = ") && line.hasPrefix("# ") ? String(line.dropFirst(comment.count)) : String(line)
        }
        try house.write("tokend.toml", daemon.joined(separator: "\n"))
        let application = try text(of: example + "/apps.d/portal.toml.example").split(separator: "\n").map { line in
            !comment.isEmpty && line.hasPrefix("#") && !line.hasPrefix("# ") ? line.dropFirst() : line
        }
        try house.write("apps.d/portal.toml", application.joined(separator: "\n"))
        #expect(house.problems() == [])
        #expect(house.read().configuration?.tokens.count == (comment.isEmpty ? 1 : 3))
        #expect(house.read().configuration?.limits == Limits(), "what stands there is the default")
    }

    @Test(arguments: [("README.md", 1), ("systemd/man/tokend.toml.5.md", 3)]) func `the example of a page reads clean`(_ page: String, _ tokens: Int) throws {
        let house = try ConfigurationHouse()
        try house.write("../credentials/secret_portal", "open sesame", mode: 0o400)
        try house.write("../credentials/secret_portal-pat", "enrt_0A1B", mode: 0o400)
        let page = try text(of: repository() + "/" + page)
        let start = try #require(page.firstRange(of: "```toml\n")).upperBound
        let end = try #require(page[start...].firstRange(of: "```\n")).lowerBound
        try house.write("apps.d/portal.toml", String(page[start..<end]))
        #expect(house.problems() == [])
        #expect(house.read().configuration?.tokens.count == tokens)
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
        return String(cString: real).split(separator: "/").dropLast(3).reduce(into: "") { $0 += "/\($1)" }
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
        wanted.subordinates = ConfigurationHouse.names.subordinates()
        wanted.applications["a-1_b"] = Application(
            name: "a-1_b",
            server: ServerSettings(
                location: .erpnet(root: "https://demodb.my.erp.net", issuer: "https://id.example.com/id"), endpoints: endpoints, caFile: ca,
                proxy: ProxySettings(url: "http://proxy.example.com:3128"), timeout: 600, assumesBearer: true),
            client: ClientIdentity(id: "a b", authentication: .basic(Secret("s3cret"))))
        wanted.tokens[name] = TokenSettings(
            name: name, grant: .clientCredentials, audiences: ["orders", "stock"], audienceParameter: .audience, minValid: 90, keep: .always,
            shared: true, assumeLifetime: 600, header: .apiKey,
            allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "root", id: 0)), place: "a-1_b.toml:23")])
        #expect(house.read().configuration == wanted)
    }

    @Test func `the login for a proxy arrives, and no printout has its password`() throws {
        let house = try ConfigurationHouse()
        try house.write("../credentials/proxy", "pass: wörd\n", mode: 0o400)
        try house.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example.com"
            client = { id = "portal" }
            [proxy]
            url = "http://proxy.example.com:3128"
            user = "tokend"
            password = { credential = "proxy" }
            [token.user]
            grant = "authorization_code"
            scopes = ["openid", "offline_access"]
            redirect_uri = "http://127.0.0.1:53177/callback"
            allow = [ { user = "alice", login = true } ]
            """)
        #expect(house.problems() == [])
        let configuration = try #require(house.read().configuration)
        let login = ProxySettings.Login(user: "tokend", password: Secret("pass: wörd"))
        #expect(configuration.applications["portal"]?.server.proxy == ProxySettings(url: "http://proxy.example.com:3128", login: login))
        var printed = "\(configuration) \(String(reflecting: configuration))"
        dump(configuration, to: &printed)
        #expect(printed.contains("proxy.example.com") && !printed.contains("wörd"))
        #expect(house.read().hosts == ["proxy.example.com"])
    }

    @Test func `a password for a proxy that only the service has is passed over by a check`() throws {
        var house = try ConfigurationHouse()
        house.secrets = SecretSources(credentialsDirectory: nil, offline: true, owner: house.secrets.owner)
        try house.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example.com"
            proxy = { url = "http://proxy.example.com:3128", user = "tokend", password = { credential = "proxy" } }
            client = { id = "portal" }
            [token.user]
            grant = "authorization_code"
            scopes = ["openid", "offline_access"]
            redirect_uri = "http://127.0.0.1:53177/callback"
            allow = [ { user = "alice", login = true } ]
            """)
        let reading = house.read()
        #expect(reading.problems.isEmpty && reading.configuration == nil)
        #expect(reading.passedOver.map(\.key) == ["proxy.password.credential"])
        #expect(OnlineSubject.all(in: reading).first?.obstacle == "systemd hands the credential \"proxy\" to the service alone")
    }

    @Test(arguments: [
        ("issuer = \"https://a.example.com\"", ServerLocation.issuer("https://a.example.com"), false),
        ("erpnet = \"https://a.example.com\"", .erpnet(root: "https://a.example.com", issuer: nil), true),
        (
            "erpnet = \"https://a.example.com\"\nissuer = \"https://b.example.com\"", .erpnet(root: "https://a.example.com", issuer: "https://b.example.com"),
            true
        ),
        ("issuer = \"https://a.example.com\"\nassume_bearer = true", .issuer("https://a.example.com"), true),
        ("erpnet = \"https://a.example.com\"\nassume_bearer = false", .erpnet(root: "https://a.example.com", issuer: nil), false),
    ])
    func `TR-03 an ERP net instance is taken to mean Bearer, and others where the key says so`(
        head: String, location: ServerLocation, assumesBearer: Bool
    ) throws {
        let house = try ConfigurationHouse()
        try house.write("apps.d/a.toml", head + "\n[client]\nid = \"a\"\nsecret = { credential = \"portal-secret\" }\n")
        let server = try #require(house.read().configuration?.applications["a"]?.server)
        #expect(server.location == location)
        #expect(server.assumesBearer == assumesBearer)
    }

    @Test func `IDT-03 further audiences of ID tokens belong to the client`() throws {
        let house = try ConfigurationHouse()
        let client = "\n[client]\nid = \"a\"\nid_token_audiences = [\"https://api.example.com\", \"urn:x\"]\n"
        try house.write("apps.d/a.toml", "issuer = \"https://a.example.com\"" + client)
        #expect(house.read().configuration?.applications["a"]?.client.otherAudiences == ["https://api.example.com", "urn:x"])
        try house.write("apps.d/a.toml", "issuer = \"https://a.example.com\"\n[client]\nid = \"a\"\nid_token_audiences = [\"a b\"]\n")
        #expect(house.problems().contains("a.toml:4: client.id_token_audiences[0]: must be printable ASCII without blanks"))
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
