import Testing
@testable import TokenConfiguration
import TokenLedger

/// `allow` of `[token.sync]` stands on line 8 of portal.toml, `scopes` on line 7.
struct AllowProblemTests {
    private func house(_ allow: String, scopes: String = "[\"read\", \"update\"]") throws -> ConfigurationHouse {
        let house = try ConfigurationHouse()
        try house.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example.com"
            [client]
            id = "app"
            secret = { credential = "portal-secret" }
            [token.sync]
            grant = "client_credentials"
            scopes = \(scopes)
            allow = \(allow)
            """)
        return house
    }

    @Test(arguments: [
        ("true", "8: token.sync.allow: must be an array, not true or false"),
        ("{ user = \"alice\" }", "8: token.sync.allow: must be an array, not a table"),
        ("[ \"alice\" ]", "8: token.sync.allow[0]: must be a table, not a string"),
        ("[ { scopes = [\"read\"] } ]", "8: token.sync.allow[0]: must name a user, a group or a unit"),
        ("[ { user = \"alice\", uesr = 1 } ]", "8: token.sync.allow[0].uesr: unknown key; did you mean \"user\"?"),
        ("[ { user = 1000 } ]", "8: token.sync.allow[0].user: must be a string, not a number"),
        ("[ { user = \"\" } ]", "8: token.sync.allow[0].user: must not be empty"),
        ("[ { user = \"alice\", login = true } ]", "8: token.sync.allow[0].login: with client_credentials nobody signs in, so remove it"),
        ("[ { user = \"99999999999\" } ]", "8: token.sync.allow[0].user: is not a possible number"),
        (
            "[ { unit = \"erp-sync\" } ]",
            "8: token.sync.allow[0].unit: must be the name of a service such as \"erp-sync.service\"; \"*\" stands for any characters"
        ),
        (
            "[ { unit = \"session-1.scope\", user = \"alice\" } ]",
            "8: token.sync.allow[0].unit: must be the name of a service such as \"erp-sync.service\"; \"*\" stands for any characters"
        ),
        ("[ { user = \"alice\", scopes = [] } ]", "8: token.sync.allow[0].scopes: must not be empty; leave it out for all scopes of the token"),
        (
            "[ { user = \"alice\", scopes = [\"read\", \"delete\"] } ]",
            "8: token.sync.allow[0].scopes[1]: \"delete\" is not one of the token's scopes; a rule can only narrow them"
        ),
        (
            "[ { user = \"alice\" },\n { user = \"carol\" } ]",
            "9: warning: token.sync.allow[1].user: there is no user \"carol\" here, so this entry matches nobody"
        ),
        ("[ { group = \"carol\" } ]", "8: warning: token.sync.allow[0].group: there is no group \"carol\" here, so this entry matches nobody"),
    ])
    func `each fault is told with its line, key and remedy`(allow: String, problem: String) throws {
        #expect(try house(allow).problems() == ["portal.toml:" + problem])
    }

    @Test(arguments: ["user", "group"], ["61184", "61200", "65519", "fleeting"])
    func `numbers that systemd hands out anew are refused, by name too`(key: String, name: String) throws {
        let number = name == "fleeting" ? "61200" : name
        let text = "\(number) is one of systemd's dynamic numbers, somebody else's tomorrow; name the unit instead"
        #expect(try house("[ { \(key) = \"\(name)\" } ]").problems() == ["portal.toml:8: token.sync.allow[0].\(key): \(text)"])
    }

    @Test(arguments: ["65534", "65535", "4294967295", "nobody"])
    func `numbers that mean nobody in particular are refused`(name: String) throws {
        let number = name == "nobody" ? "65534" : name
        let text = "\(number) is nobody in particular: everyone whose number has no meaning here looks like it"
        #expect(try house("[ { user = \"\(name)\" } ]").problems() == ["portal.toml:8: token.sync.allow[0].user: \(text)"])
    }

    @Test(arguments: [
        "cron.service", "atd.service", "dbus.service", "sshd.service", "ssh.service", "ssh@*.service", "ssh-agent.service", "user@1000.service",
        "user@*.service", "user@7.service",
        "*.service", "**.service", "c*.service", "*d.service", "*@*.service", "s*.service", "*n.service", "dbus-broker.service",
    ])
    func `a unit inside which other people's programs run needs a user beside it`(unit: String) throws {
        let found = try house("[ { unit = \"\(unit)\" } ]").problems()
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("portal.toml:8: token.sync.allow[0].unit: \"\(unit)\" ") == true)
        #expect(found.first?.hasSuffix("; add a user to the entry, or name another unit") == true)
        #expect(try house("[ { unit = \"\(unit)\", user = \"alice\" } ]").problems() == [])
        #expect(try house("[ { unit = \"\(unit)\", group = \"adm\" } ]").problems().count == 1, "a group is not enough")
    }

    @Test func `why such a unit is refused is said`() throws {
        #expect(try house("[ { unit = \"*.service\" } ]").problems().first?.contains("is every service of this machine") == true)
        #expect(try house("[ { unit = \"c*.service\" } ]").problems().first?.contains("covers cron.service, inside which other people's programs run") == true)
    }

    @Test(arguments: ["erp-sync.service", "erp-*.service", "*-sync.service", "acron.service", "users@1.service", "erp@*.service", "cron-erp.service"])
    func `other units need no user`(unit: String) throws {
        #expect(try house("[ { unit = \"\(unit)\" } ]").problems() == [])
    }

    @Test func `a rule may name scopes where the token leaves them to the server`() throws {
        #expect(try house("[ { user = \"alice\", scopes = [\"read\"] } ]", scopes: "[]").problems() == [])
    }

    @Test func `bad scopes of the token are not blamed on its rules`() throws {
        #expect(try house("[ { user = \"alice\", scopes = [\"read\"] } ]", scopes: "[\"re ad\"]").problems().count == 1)
    }

    @Test func `an entry knows its place, names and numbers`() throws {
        let reading = try house("[ { unit = \"erp-*.service\" },\n { user = \"backup\", group = \"4\", scopes = [\"read\"] },\n { user = \"carol\" } ]").read()
        let token = try #require(reading.configuration?.tokens.values.first)
        #expect(
            token.allow == [
                AllowEntry(who: PeerPattern(unit: UnitPattern("erp-*.service")), place: "portal.toml:8"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "backup", id: 34), group: NamedID(name: "4", id: 4)), scopes: ["read"], place: "portal.toml:9"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "carol", id: nil)), place: "portal.toml:10"),
            ])
    }

    @Test func `rules may be written as tables of their own`() throws {
        let house = try house("[ { user = \"alice\" } ]")
        try house.write(
            "apps.d/other.toml",
            """
            issuer = "https://other.example.com"
            [client]
            id = "app"
            secret = { credential = "portal-secret" }
            [token.a]
            grant = "client_credentials"
            [[token.a.allow]]
            user = "alice"
            [[token.a.allow]]
            user = "backup"
            login = true
            """)
        #expect(house.problems() == ["other.toml:11: token.a.allow[1].login: with client_credentials nobody signs in, so remove it"])
    }
}
