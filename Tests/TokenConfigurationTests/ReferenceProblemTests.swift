import Testing
@testable import TokenConfiguration

/// What is written stands from line 4 on.
struct ReferenceProblemTests {
    private static let value = "value = { credential = \"pat\" }\n"
    private static let allow = "allow = [ { user = \"alice\" } ]"
    private static let never = "expires = \"never\"\n"

    private func problems(_ lines: String, token: String = "enrt_0A1b", server: String = "issuer", client: String = "") throws -> [String] {
        let house = try ConfigurationHouse()
        try house.write("../credentials/pat", token, mode: 0o400)
        try house.write("apps.d/portal.toml", "\(server) = \"https://a.example.com\"\n[token.pat]\ngrant = \"reference\"\n\(lines)\n\(client)")
        return house.problems()
    }

    @Test func `a sound reference token has no problems and needs no client`() throws {
        #expect(try problems(Self.allow + "\nexpires = 2027-03-01T00:00:00Z\n" + Self.value) == [])
        #expect(try problems(Self.allow) == [], "brought in later, and its end with it")
    }

    @Test(arguments: [
        (
            "value = \"enrt_hunter2\"",
            "value: must not be written into the configuration; write value = { credential = \"name\" } or value = { file = \"/path\" }, and replace the token: it was readable here"
        ),
        ("value = {}", "value: must name a credential or a file, one of the two; write value = { credential = \"name\" } or value = { file = \"/path\" }"),
        ("value = { file = \"pat\" }", "value.file: must be an absolute path"),
        (
            "value = { credential = \"none\" }",
            "value.credential: there is no credential \"none\"; make it with \"systemd-creds encrypt --name=secret_none - /etc/tokend/secrets.d/none\", then restart tokend"
        ),
        (
            "expires = \"2027-03-01\"",
            "expires: must be \"never\", or a date with time and zone such as 2027-03-01T00:00:00Z, which stands without quotes"
        ),
        ("expires = 2027-03-01", "expires: must be a date with time and zone such as 2027-03-01T00:00:00Z, or \"never\", not a date"),
        (
            "expires = 2027-03-01T00:00:00",
            "expires: must be a date with time and zone such as 2027-03-01T00:00:00Z, or \"never\", not a date with a time and no zone"
        ),
        ("expires = 1803859200", "expires: must be a date with time and zone such as 2027-03-01T00:00:00Z, or \"never\", not a number"),
        ("probe = true", "probe: must be a table, not true or false"),
        ("probe = {}", "probe: must look in one way; write probe = { url = \"https://…\" } or probe = { introspection = true }"),
        (
            "probe = { url = \"https://a.example.com\", introspection = true }",
            "probe: must look in one way; write probe = { url = \"https://…\" } or probe = { introspection = true }"
        ),
        (
            "probe = { url = \"http://a.example.com\" }",
            "probe.url: is not an absolute https URL; write an address such as \"https://api.example.com/me\""
        ),
        ("probe = { introspection = false }", "probe.introspection: must be true; without it leave the probe out"),
        ("probe = { introspection = 1 }", "probe.introspection: must be true or false, not a number"),
        ("probe = { url = \"https://a.example.com\", every = 59 }", "probe.every: must be 60 to 86400 seconds, not 59"),
        ("probe = { url = \"https://a.example.com\", every = 86401 }", "probe.every: must be 60 to 86400 seconds, not 86401"),
        ("probe = { url = \"https://a.example.com\", evry = 60 }", "probe.evry: unknown key; did you mean \"every\"?"),
        ("audiences = [\"a b\"]", "audiences: belongs to grants that ask a server for tokens; reference has no use for it, so remove it"),
        ("audience_parameter = \"x\"", "audience_parameter: belongs to grants that ask a server for tokens; reference has no use for it, so remove it"),
        ("keep = \"always\"", "keep: belongs to grants that ask a server for tokens; reference has no use for it, so remove it"),
        ("assume_lifetime = 0", "assume_lifetime: belongs to grants that ask a server for tokens; reference has no use for it, so remove it"),
        ("narrow = true", "narrow: belongs to grants with a refresh token; reference has no use for it, so remove it"),
        ("refresh_idle = 1", "refresh_idle: belongs to grants with a refresh token; reference has no use for it, so remove it"),
        ("redirect_uri = 1", "redirect_uri: belongs to grant \"authorization_code\"; reference has no use for it, so remove it"),
        ("header = \"Api-Key\"", "header: must be \"Authorization\" or \"X-Api-Key\", not \"Api-Key\""),
        ("min_valid = -1", "min_valid: must be 0 to 86400 seconds, not -1"),
    ])
    func `each fault is told with its line, key and remedy`(line: String, problem: String) throws {
        let known = line.hasPrefix("expires") ? "" : Self.never
        #expect(try problems(line + "\n" + known + Self.allow) == ["portal.toml:4: token.pat." + problem])
    }

    @Test(arguments: ["a b", "Bearer x", "\"enrt_x\"", "'enrt_x'", "é", "-", "a\tb", String(repeating: "x", count: 32 * 1024 + 1)])
    func `what cannot be a token is refused and not repeated`(token: String) throws {
        let found = try problems(Self.value + Self.never + Self.allow, token: token)
        let expected =
            token.contains("\t")
            ? "\"~/credentials/pat\" holds a control character, such as a second line; it must hold the secret alone"
            : "does not hold a token: printable ASCII without blanks, at most 32 KiB; "
                + "put in the token alone, without quotes, \"Bearer\" or blanks"
        #expect(found == ["portal.toml:4: token.pat.value.credential: \(expected)"])
    }

    @Test(arguments: [
        "enrt_920FA384C26B6326A910461DDF0010A0073C89A044B861876EE8580E920A99FD\n", "enrt_short-1", "a.b.c~+/==", "3|Jk8VqNvK", "ATCTT3=1A2B", "a\"b",
    ])
    func `one line feed at its end is not part of a token`(token: String) throws {
        #expect(try problems(Self.value + Self.never + Self.allow, token: token) == [])
    }

    @Test(arguments: [
        ("eyJhbGciOiJSUzI1NiJ9.e30.x", false), ("enrt_", false), ("ENRT_0A", false), ("xenrt_0A", false), ("enrt_a.b", false), ("enrt_a b", false),
        ("enrt_0A1b", true), ("enrt_a-b_c\n", true),
    ])
    func `a reference token of an ERP net instance looks like one`(token: String, isOne: Bool) throws {
        let text =
            "does not hold a reference token of ERP.net, which is \"enrt_\" with letters and digits after it; "
            + "put in exactly what the Profile site or the Instance Manager showed when the token was made"
        let expected = isOne ? [] : ["portal.toml:4: token.pat.value.credential: \(text)"]
        #expect(try problems(Self.value + Self.never + Self.allow, token: token, server: "erpnet") == expected)
    }

    @Test func `SEC-13 an end that nobody knows or that has passed is told`() throws {
        #expect(
            try problems(Self.value + Self.allow) == [
                "portal.toml:2: warning: token.pat.expires: is missing, so nobody can be warned before the token ends; "
                    + "write its end such as expires = 2027-03-01T00:00:00Z, or \"never\""
            ])
        let past = "portal.toml:4: warning: token.pat.expires: is in the past, so nobody gets the token any more; have a new one made"
        #expect(try problems("expires = 2026-09-21T14:13:20Z\n" + Self.allow) == [past])
        #expect(try problems("expires = 2026-09-21T16:13:20+02:00\n" + Self.allow) == [past])
        #expect(try problems("expires = 2026-09-21T14:13:21Z\n" + Self.allow) == [])
    }

    @Test func `rules cannot narrow what was made elsewhere`() throws {
        let allow = "allow = [ { user = \"alice\", scopes = [\"read\"] } ]"
        #expect(
            try problems(allow + "\nscopes = [\"read\", \"openid\"]") == [
                "portal.toml:4: token.pat.allow[0].scopes: a reference token has the scopes it was made with, whoever asks; remove them here"
            ])
        #expect(try problems(Self.allow + "\nscopes = [\"read\"]") == [], "what it was made with may be written down")
    }

    @Test func `whoever may bring a token in cannot where the configuration names it`() throws {
        let allow = "allow = [ { user = \"alice\", login = true } ]\n"
        #expect(try problems(allow) == [])
        #expect(
            try problems(allow + Self.never + Self.value) == [
                "portal.toml:4: token.pat.allow[0].login: value already names the token, and nobody can bring in another, so remove it"
            ])
    }

    @Test func `introspection needs a client that proves itself`() throws {
        let lines = "probe = { introspection = true }\n" + Self.allow
        let problem = "portal.toml:4: token.pat.probe.introspection: servers tell nothing to a client that does not prove itself; give [client] its secret"
        #expect(try problems(lines) == [problem])
        #expect(try problems(lines, client: "[client]\nid = \"a\"") == [problem])
        #expect(try problems(lines, client: "[client]\nid = \"a\"\nsecret = { credential = \"portal-secret\" }") == [])
    }

    @Test func `a client is required as soon as a server is asked`() throws {
        let missing = "portal.toml: client: is missing; add a [client] table with its id"
        #expect(try problems(Self.allow, client: "[token.b]\ngrant = \"client_credentials\"\n" + Self.allow) == [missing])
        #expect(try problems(Self.allow, client: "[token.b]\n" + Self.allow).first == missing)
        #expect(try problems(Self.allow, client: "[client]") == ["portal.toml:5: client.id: is missing; write the client id that the server knows"])
        #expect(try problems(Self.allow, server: "issuers").contains { $0.contains(" issuer: is missing") }, "where the token belongs must be known")
    }
}
