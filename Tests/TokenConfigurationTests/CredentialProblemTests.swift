import Testing
@testable import TokenConfiguration
import TokenLedger
import TokenWire

struct CredentialProblemTests {
    private static func house(
        _ credentials: String, allow: String = "{ unit = \"erp-sync.service\" }", secret: String = "portal-secret"
    ) throws -> ConfigurationHouse {
        let house = try ConfigurationHouse()
        try house.write("tokend.toml", "[credentials]\n" + credentials)
        try house.write(
            "apps.d/portal.toml",
            """
            issuer = "https://id.example"
            [client]
            id = "portal"
            authentication = "client_secret_post"
            secret = { credential = "\(secret)" }
            [token.sync]
            grant = "client_credentials"
            allow = [ \(allow) ]
            """)
        return house
    }

    @Test(arguments: ["store-key", "store-key.old", "secret_store-key"])
    func `a key of the store is nobody's secret`(id: String) throws {
        let house = try Self.house("", secret: id)
        #expect(
            house.problems() == [
                "portal.toml:5: client.secret.credential: \"\(id)\" is the key of the store, which seals with it and would be locked by a change; "
                    + "give this another name"
            ])
    }

    @Test func `a unit may have names of its own for tokens`() throws {
        let house = try Self.house("erp = \"portal.sync\"\n\"nightly job\" = \"portal.sync\"\n\"old.name\" = \"portal.sync\"")
        #expect(house.problems() == [])
        let sync = try #require(TokenName("portal.sync"))
        #expect(house.read().configuration?.credentials == ["erp": sync, "nightly job": sync, "old.name": sync])
        #expect(house.read().configuration?.compacted().credentials == ["erp": sync, "nightly job": sync, "old.name": sync])
    }

    @Test(arguments: [
        ("erp = \"portal.synk\"", "tokend.toml:2: credentials.erp: there is no token \"portal.synk\"; did you mean \"portal.sync\"?"),
        (
            "\"portal.sync\" = \"portal.sync\"",
            "tokend.toml:2: credentials.\"portal.sync\": is the name of a token already, which units get under this id; remove the line or rename the id"
        ),
    ])
    func `what does not fit the tokens is told with its remedy`(line: String, problem: String) throws {
        let house = try Self.house(line)
        #expect(house.problems() == [problem])
        #expect(house.read().configuration == nil)
    }

    @Test func `a token that no unit can be given is warned of`() throws {
        for allow in ["{ user = \"backup\" }", "{ user = \"backup\", unit = \"erp-sync.service\" }"] {
            let house = try Self.house("erp = \"portal.sync\"", allow: allow)
            #expect(
                house.problems() == [
                    "tokend.toml:2: warning: credentials.erp: no entry of \"portal.sync\" names a unit and nothing else, so no unit can be given it; "
                        + "add allow = [ { unit = \"…\" } ] to the token"
                ])
            #expect(house.read().configuration != nil)
        }
    }

    @Test func `a file with a mistake is not said to lack a token as well`() throws {
        let house = try Self.house("erp = \"portal.sync\"\nother = \"mail.sync\"", allow: "{ unit = 1 }")
        try house.write("apps.d/mail.toml", "issuer = ")
        #expect(house.problems().count == 2)
        #expect(!house.problems().contains { $0.hasPrefix("tokend.toml") })
    }
}
