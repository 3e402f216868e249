import Testing
@testable import TokenConfiguration

/// The body of `[token.sync]` begins on line 6 of portal.toml.
struct TokenProblemTests {
    private func problems(_ body: String, server: String = "issuer") throws -> [String] {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            """
            \(server) = "https://id.example.com"
            [client]
            id = "app"
            secret = { credential = "portal-secret" }
            [token.sync]
            \(body)
            """)
        return house.problems()
    }

    private func expect(_ body: String, _ expected: [String], server: String = "issuer", sourceLocation: SourceLocation = #_sourceLocation) throws {
        let found = try problems(body, server: server)
        #expect(found == expected.map { "portal.toml:" + $0 }, "\(body)", sourceLocation: sourceLocation)
    }

    private static let supported = "\"client_credentials\", \"authorization_code\" or \"reference\""
    private static let grant = "grant = \"client_credentials\"\n"
    private static let allow = "allow = [ { user = \"alice\" } ]"

    @Test func `a sound token has no problems`() throws {
        try expect(Self.grant + Self.allow, [])
    }

    @Test(arguments: [
        ("scopez = [\"read\"]", "8: token.sync.scopez: unknown key; did you mean \"scopes\"?"),
        ("\"sco pes\" = []", "8: token.sync.\"sco pes\": unknown key; did you mean \"scopes\"?"),
        ("scopes = \"read update\"", "8: token.sync.scopes: must be an array, not a string"),
        ("scopes = [\n\"read\",\n\"read update\" ]", "10: token.sync.scopes[1]: has a blank; write each scope as a string of its own"),
        ("scopes = [\"read\", \"read\"]", "8: token.sync.scopes[1]: is listed twice"),
        ("scopes = [\"a\\\"b\"]", "8: token.sync.scopes[0]: has a character that no scope may have"),
        ("scopes = [\"é\"]", "8: token.sync.scopes[0]: has a character that no scope may have"),
        ("scopes = [\"\"]", "8: token.sync.scopes[0]: must not be empty"),
        ("scopes = [1]", "8: token.sync.scopes[0]: must be a string, not a number"),
        ("min_valid = -1", "8: token.sync.min_valid: must be 0 to 86400 seconds, not -1"),
        ("min_valid = \"60\"", "8: token.sync.min_valid: must be a whole number of seconds, not a string"),
        ("min_valid = 1.5", "8: token.sync.min_valid: must be a whole number of seconds, not a number with a fraction"),
        ("min_valid = 2027-03-01", "8: token.sync.min_valid: must be a whole number of seconds, not a date"),
        ("min_valid = 07:32:00", "8: token.sync.min_valid: must be a whole number of seconds, not a time"),
        ("assume_lifetime = 0", "8: token.sync.assume_lifetime: must be 1 to 31536000 seconds, not 0"),
        ("header = \"x-api-key\"", "8: token.sync.header: must be \"Authorization\" or \"X-Api-Key\", not \"x-api-key\""),
        ("shared = \"yes\"", "8: token.sync.shared: must be true or false, not a string"),
        ("keep = \"forever\"", "8: token.sync.keep: must be \"on-demand\" or \"always\", not \"forever\""),
        (
            "keep = \"always\"",
            "8: token.sync.keep: \"always\" needs shared = true here: each consumer has a token of its own, and before anybody asks there is no consumer"
        ),
        ("audience_parameter = \"audience\"", "8: token.sync.audience_parameter: has no audiences to name; add audiences = [\"…\"] or leave it out"),
        ("audience_parameter = \"aud\"\naudiences = [\"urn:a\"]", "8: token.sync.audience_parameter: must be \"resource\" or \"audience\", not \"aud\""),
        ("audiences = [\"a b\"]", "8: token.sync.audiences[0]: must be printable ASCII without blanks"),
        (
            "login = true",
            "8: token.sync.login: unknown key; here are known: allow, assume_lifetime, audience_parameter, audiences, expires, grant, header, keep, login_hint, max_age, min_valid, narrow, post_logout_redirect_uri, probe, prompt, redirect_uri, refresh_dies_with_token, refresh_idle, refresh_lifetime, response_type, scopes, shared, value"
        ),
    ])
    func `each fault is told with its line, key and remedy`(line: String, problem: String) throws {
        try expect(Self.grant + Self.allow + "\n" + line, [problem])
    }

    @Test(arguments: [
        ("response_type = \"code\"", "response_type", "grant \"authorization_code\""),
        ("redirect_uri = \"x\"", "redirect_uri", "grant \"authorization_code\""),
        ("post_logout_redirect_uri = \"x\"", "post_logout_redirect_uri", "grant \"authorization_code\""),
        ("prompt = \"login\"", "prompt", "grant \"authorization_code\""),
        ("login_hint = \"x\"", "login_hint", "grant \"authorization_code\""),
        ("max_age = 1", "max_age", "grant \"authorization_code\""),
        ("narrow = true", "narrow", "grants with a refresh token"),
        ("refresh_dies_with_token = true", "refresh_dies_with_token", "grants with a refresh token"),
        ("refresh_lifetime = 1", "refresh_lifetime", "grants with a refresh token"),
        ("refresh_idle = 1", "refresh_idle", "grants with a refresh token"),
        ("value = { credential = \"x\" }", "value", "grant \"reference\""),
        ("expires = \"never\"", "expires", "grant \"reference\""),
        ("probe = { introspection = true }", "probe", "grant \"reference\""),
    ])
    func `a key of another grant is refused`(line: String, key: String, owner: String) throws {
        try expect(
            Self.grant + Self.allow + "\n" + line, ["8: token.sync.\(key): belongs to \(owner); client_credentials has no use for it, so remove it"])
    }

    @Test(arguments: ["openid", "profile", "offline_access"])
    func `CC-04 scopes about a person are refused for client credentials at ERP.net, and warned of elsewhere`(scope: String) throws {
        let what = "\"\(scope)\" is about a person who signs in, and with client_credentials nobody does"
        let lines = Self.grant + Self.allow + "\nscopes = [\"read\", \"\(scope)\"]"
        try expect(lines, ["8: warning: token.sync.scopes[1]: \(what); leave it out unless this server demands it"])
        try expect(lines, ["8: token.sync.scopes[1]: \(what): ERP.net answers invalid_scope; leave it out"], server: "erpnet")
    }

    @Test(arguments: ["portal", "/api", ":x", "https://api.example.com/#a", "urn:"])
    func `RES-01 a resource is an absolute URI without a fragment`(audience: String) throws {
        let remedy = "for a server with names of its own write audience_parameter = \"audience\""
        try expect(
            Self.grant + Self.allow + "\naudiences = [\"\(audience)\"]",
            [
                "8: token.sync.audiences[0]: \"\(audience)\" is not an absolute URI without \"#\", which a resource must be; \(remedy)"
            ])
    }

    @Test func `AC-24 there is no grant for passwords`() throws {
        try expect("grant = \"password\"\n" + Self.allow, ["6: token.sync.grant: must be \(Self.supported), not \"password\""])
    }

    @Test(arguments: ["device_code", "jwt_bearer", "token_exchange"])
    func `a grant of another version is named as such and its keys are no further problem`(grant: String) throws {
        let body = "grant = \"\(grant)\"\nresponse_type = \"code\"\nscopes = [\"openid\"]\nallow = [ { user = \"alice\", login = true } ]"
        try expect(body, ["6: token.sync.grant: \"\(grant)\" is not supported by this version; use \(Self.supported)"])
    }

    @Test func `a grant is required and must be one of the known`() throws {
        try expect(Self.allow, ["5: token.sync.grant: is missing; write grant = \(Self.supported)"])
        try expect("grant = \"password\"\n" + Self.allow, ["6: token.sync.grant: must be \(Self.supported), not \"password\""])
    }

    @Test func `a token that nobody may ask for is a warning`() throws {
        try expect(Self.grant, ["5: warning: token.sync: nobody may ask for it; add allow = [ { unit = \"…\" } ] or such"])
    }

    @Test func `all problems are told at once in the order of their lines`() throws {
        try expect(
            "grant = 1\nscopes = [\"a\", 2, \"\"]\nkep = true\n[token.Other]\n[token.x]\ngrant = \"client_credentials\"\nallow = [ {} ]",
            [
                "5: warning: token.sync: nobody may ask for it; add allow = [ { unit = \"…\" } ] or such",
                "6: token.sync.grant: must be a string, not a number",
                "7: token.sync.scopes[1]: must be a string, not a number",
                "7: token.sync.scopes[2]: must not be empty",
                "8: token.sync.kep: unknown key; did you mean \"keep\"?",
                "9: token.Other: a token's name has lower-case letters, digits, \"-\" and \"_\", at most 32; rename it",
                "9: warning: token.Other: nobody may ask for it; add allow = [ { unit = \"…\" } ] or such",
                "9: token.Other.grant: is missing; write grant = \(Self.supported)",
                "12: token.x.allow[0]: must name a user, a group or a unit",
            ])
    }
}
