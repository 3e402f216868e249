import Testing
@testable import TokenConfiguration

/// `allow` stands on line 6 of portal.toml, what follows it from line 7 on.
struct SharingProblemTests {
    private static let redirect = "redirect_uri = \"http://127.0.0.1:53177/callback\"\nscopes = [\"offline_access\"]"

    private func problems(_ allow: String, more: String = "", server: String = "issuer", reference: Bool = true) throws -> [String] {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            """
            \(server) = "https://a.example.com"
            [client]
            id = "a"
            [token.t]
            grant = "\(reference ? "reference" : "authorization_code")"
            allow = [ \(allow) ]
            \(more)
            \(reference ? "" : Self.redirect)
            """)
        return house.problems()
    }

    @Test(arguments: [
        "{ user = \"alice\" }", "{ unit = \"a.service\" }", "{ unit = \"a@1.service\" }", "{ user = \"alice\", unit = \"a.service\" }",
        "{ user = \"alice\", group = \"adm\" }", "{ user = \"alice\" }, { user = \"1000\" }", "{ user = \"alice\", group = \"adm\" }, { user = \"alice\" }",
        "{ user = \"backup\", unit = \"a.service\" }, { user = \"alice\", unit = \"a.service\" }, { unit = \"a.service\" }", "",
    ])
    func `one consumer shares with nobody`(allow: String) throws {
        #expect(try problems(allow) == [])
        #expect(try problems(allow, more: "shared = true", server: "erpnet") == [])
    }

    @Test(arguments: [
        ("{ user = \"alice\" }, { user = \"backup\" }", "user \"alice\", user \"backup\""),
        ("{ unit = \"a.service\" }, { user = \"alice\" }", "unit \"a.service\", user \"alice\""),
        ("{ unit = \"a.service\", user = \"alice\" }, { user = \"alice\" }", "unit \"a.service\", user \"alice\""),
        ("{ unit = \"a.service\" }, { unit = \"b.service\" }", "unit \"a.service\", unit \"b.service\""),
        ("{ unit = \"a@*.service\" }", "unit \"a@*.service\""), ("{ unit = \"*.service\", user = \"alice\" }", "unit \"*.service\""),
        ("{ group = \"reporting\" }", "group \"reporting\""),
        (
            "{ user = \"1\" }, { user = \"2\" }, { user = \"3\" }, { user = \"4\" }, { user = \"5\" }, { user = \"1\" }",
            "user \"1\", user \"2\", user \"3\" and 2 more"
        ),
    ])
    func `several consumers of one token must be meant`(allow: String, who: String) throws {
        let problem =
            "portal.toml:6: token.t.allow: may mean more than one consumer (\(who)), and all would get the same token; "
            + "write shared = true if they may share it, or make a token for each"
        #expect(try problems(allow) == [problem])
        #expect(try problems(allow, more: "shared = false") == [problem])
        #expect(try problems(allow, more: "shared = true") == [])
        #expect(try problems(allow, more: "shared = 1") == ["portal.toml:7: token.t.shared: must be true or false, not a number"])
        let signIn = allow.replacing("{ ", with: "{ login = true, ")
        #expect(try problems(signIn, reference: false) == [problem])
        #expect(try problems(signIn, more: "shared = true", reference: false) == [])
    }

    @Test func `what several share at ERP net is one identity and one licence slot`() throws {
        let warning =
            "portal.toml:7: warning: token.t.shared: several consumers share one identity and one licence slot of ERP.net; "
            + "make a token for each unless your licence allows this"
        #expect(try problems("{ group = \"reporting\" }", more: "shared = true", server: "erpnet") == [warning])
        #expect(try problems("{ group = \"reporting\", login = true }", more: "shared = true", server: "erpnet", reference: false) == [warning])
    }

    @Test func `with client credentials each consumer has its own, so nothing is shared`() throws {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/a.toml",
            """
            erpnet = "https://a.example.com"
            client = { id = "a", secret = { credential = "portal-secret" } }
            [token.t]
            grant = "client_credentials"
            allow = [ { group = "reporting" }, { unit = "a@*.service" } ]
            """)
        #expect(house.problems() == [])
    }
}
