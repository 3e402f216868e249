import OAuth
import Secrets
import Systemd
import Testing
import TokenLedger
import TokenWire
@testable import TokenDaemon

/// Looks at a reference token, over a real socket.
@Suite(.serialized)
struct ProbeTests {
    private let openID = "/.well-known/openid-configuration"

    private func health(
        at authority: ScriptedAuthority, _ way: ReferenceSettings.Probe.Way, _ header: HeaderForm = .authorization, timeout: Int = 20
    ) throws -> TokenHealth {
        let run = try ExchangeRun()
        let application = try ExchangePlan(1, at: authority).application
        var found: TokenHealth?
        run.exchanger.errandFinished = { report in if case .probed(let health) = report.result { found = health } }
        run.exchanger.perform(
            ErrandPlan(
                id: 1, token: try #require(TokenName("portal.pat")), application: application, errand: .probe(Secret("enrt_0A1B"), way, header),
                timeout: timeout))
        try run.turn { found != nil }
        return try #require(found)
    }

    @Test(arguments: [HeaderForm.authorization, .apiKey]) func `STAT-03 the token goes in its one header to the address alone`(header: HeaderForm) throws {
        let authority = try ScriptedAuthority(["/me": [.ok("anything")]])
        #expect(try health(at: authority, .api(authority.issuer + "/me"), header) == .good(expires: nil))
        #expect(authority.asked == ["GET /me"], "no server is asked where its endpoints are")
        let headers = try #require(authority.seen.first).headers
        #expect(headers["Authorization"] == (header == .authorization ? "Bearer enrt_0A1B" : nil))
        #expect(headers["X-Api-Key"] == (header == .apiKey ? "enrt_0A1B" : nil))
    }

    @Test func `a redirect is not followed with the token`() throws {
        let authority = try ScriptedAuthority(["/me": [.no(302, headers: ["Location": "/elsewhere"])], "/elsewhere": [.ok("")]])
        guard case .unknown(let failure) = try health(at: authority, .api(authority.issuer + "/me")) else {
            return #expect(Bool(false), "something was learned")
        }
        #expect(failure.law == .configuration)
        #expect(authority.asked == ["GET /me"])
    }

    @Test func `a 401 is about the token, and an API that hangs says nothing in time`() throws {
        let authority = try ScriptedAuthority(["/me": [.no(401)], "/hangs": [.hangs]])
        #expect(try health(at: authority, .api(authority.issuer + "/me")) == .refused("'\(authority.issuer)/me' answered 401"))
        guard case .unknown(let failure) = try health(at: authority, .api(authority.issuer + "/hangs"), timeout: 1) else { return #expect(Bool(false)) }
        #expect(failure.law == .unsent && failure.fault == .broken)
    }

    @Test func `INT-01 INT-03 introspection is asked where the server's metadata say`() throws {
        let metadata = #"{"issuer":"ISSUER","token_endpoint":"ISSUER/token","introspection_endpoint":"ISSUER/introspect"}"#
        let authority = try ScriptedAuthority([openID: [.ok(metadata)], "/introspect": [.ok(#"{"active":true,"exp":1790000000}"#)]])
        #expect(try health(at: authority, .introspection) == .good(expires: 1_790_000_000))
        #expect(authority.asked == ["GET \(openID)", "POST /introspect"])
        let request = try #require(authority.seen.last)
        #expect(request.body == "token=enrt_0A1B&token_type_hint=access_token")
        #expect(request.headers["Authorization"] == "Basic c3luYzpwYTU1d29yZA==")
    }

    @Test func `a server that offers no introspection, or is not there, is trouble of the look`() throws {
        let authority = try ScriptedAuthority([openID: [.metadata()]])
        guard case .unknown(let none) = try health(at: authority, .introspection) else { return #expect(Bool(false), "something was learned") }
        #expect(none.law == .configuration && none.text.contains("name no introspection_endpoint"))
        let away = try ScriptedAuthority([openID: [.no(503)]])
        guard case .unknown(let busy) = try health(at: away, .introspection) else { return #expect(Bool(false), "something was learned") }
        #expect(busy.law == .answered(retryAfter: nil))
    }
}

/// `--check --online` against a real server, without a daemon.
@Suite(.serialized)
struct OnlineCheckTests {
    @Test func `everything is tried in order of its name, and it ends by itself`() throws {
        let authority = try ScriptedAuthority([
            "/.well-known/openid-configuration": [.metadata()], "/token": [.token()], "/me": [.no(401)],
        ])
        let house = try ConfigurationFiles()
        let server = "issuer = \"\(authority.issuer)\"\nca_file = \"\(authority.caFile)\"\n"
        try house.write("../credentials/pat", "enrt_0A1B\n", mode: 0o400)
        try house.write(
            "apps.d/b.toml",
            server + "[client]\nid = \"b\"\nsecret = { credential = \"portal-secret\" }\n[token.sync]\ngrant = \"client_credentials\"\nscopes = [\"read\"]\n"
                + "allow = [ { user = \"alice\" } ]\n")
        try house.write(
            "apps.d/a.toml",
            server + "[token.pat]\ngrant = \"reference\"\nvalue = { credential = \"pat\" }\nexpires = \"never\"\n"
                + "probe = { url = \"\(authority.issuer)/me\" }\nallow = [ { user = \"alice\" } ]\n")
        var lines: [String] = []
        let status = try OnlineCheck(house.read()) { lines.append($0) }.run()
        #expect(
            lines == [
                "a.pat: error: it is not taken: '\(authority.issuer)/me' answered 401; have it reissued",
                "b: '\(authority.issuer)/.well-known/openid-configuration' answers, and names exactly the issuer '\(authority.issuer)'",
                "b.sync: granted read, lives 60 s", "online: 2 well, 0 warnings, 1 error, 0 not now, 0 not tried",
            ])
        #expect(status == 78)
    }

    @Test func `a configuration without applications has nothing to try`() throws {
        var lines: [String] = []
        #expect(try OnlineCheck(ConfigurationFiles().read()) { lines.append($0) }.run() == 0)
        #expect(lines == ["online: nothing to try"])
    }
}
