import Curl
import OAuth
import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenDaemon

/// What happens to a code, and to the ID tokens before and after it.
@Suite(.serialized)
struct `A sign-in at the exchange` {
    private let openID = "/.well-known/openid-configuration"
    private typealias Answer = ScriptedAuthority.Answer

    /// An authority that publishes these keys and answers a code in this way.
    private func authority(
        keys: [[IdentityKey]]? = nil, token: [(_ issuer: String) throws -> Answer] = [{ try Answer.tokens(idToken: Person.idToken($0)) }]
    ) throws -> ScriptedAuthority {
        let sets = try keys ?? [[IdentityKey.present.get()]]
        return try ScriptedAuthority { issuer in
            [openID: [.provider], "/keys": sets.map { .keys($0) }, "/token": try token.map { try $0(issuer) }]
        }
    }

    private func hybrid(_ authority: ScriptedAuthority, _ change: [String: String?] = [:], by key: IdentityKey? = nil) throws -> ExchangePlan {
        var claims = change
        if !claims.keys.contains("c_hash") { claims["c_hash"] = Person.codeHash }
        return try ExchangePlan(signIn: 1, at: authority, front: Secret(Person.idToken(authority.issuer, claims, by: key)))
    }

    private func codes(_ authority: ScriptedAuthority) -> Int { authority.asked.count { $0 == "POST /token" } }

    // MARK: before the code is sent

    @Test func `HYB-04 the ID token of the browser is believed first, then the code is sent, and who has signed in is told`() throws {
        let authority = try authority()
        let report = try ExchangeRun().report(on: hybrid(authority))
        #expect(report.failure == nil)
        #expect(report.identity?.subject == "m.petrova")
        #expect(report.successor == Secret("RT-1"))
        #expect(authority.asked == ["GET \(openID)", "GET /keys", "POST /token"])
    }

    @Test(
        arguments: [
            ["nonce": #""another""#], ["nonce": nil], ["c_hash": #""TT2ZqtSSEOpFYV3hKrv3GA""#], ["c_hash": nil], ["iss": #""https://evil.example""#],
            ["aud": #""another""#], ["exp": "1"], ["sub": nil],
        ] as [[String: String?]])
    func `HYB-03 HYB-04 HYB-05 HYB-06 IDT-01 IDT-02 IDT-08 IDT-09 a code beside an ID token that is not believed is never sent`(
        change: [String: String?]
    ) throws {
        let authority = try authority()
        let report = try ExchangeRun().report(on: hybrid(authority, change))
        #expect(report.failure?.law == (change["exp"] == nil ? .configuration : .answered(retryAfter: nil)), "a clock may be wrong for a moment")
        #expect(report.failure?.text.hasPrefix("the ID token ") == true)
        #expect(report.identity == nil)
        #expect(codes(authority) == 0)
    }

    @Test func `HYB-04 IDT-04 one bit of the signature keeps the code here`() throws {
        let authority = try authority()
        var plan = try hybrid(authority)
        guard case .signIn(let request, let code, let front?, let asked)? = plan.identity else { throw TestFailure() }
        let text = front.withBytes { String(decoding: $0, as: UTF8.self) }
        let end = text.index(text.endIndex, offsetBy: -20)
        let changed = text[..<end] + (text[end] == "A" ? "B" : "A") + text[text.index(after: end)...]
        plan.identity = .signIn(request, code: code, front: Secret(String(changed)), asked: asked)
        let report = try ExchangeRun().report(on: plan)
        #expect(report.failure?.text == "the ID token has a wrong signature")
        #expect(codes(authority) == 0)
    }

    @Test func `JWKS-01 NET-05 keys that cannot be had keep the code here`() throws {
        for answer in [Answer.no(503), .no(302, headers: ["Location": "https://localhost/keys"]), .ok("[]"), .ok("<html>")] {
            let authority = try ScriptedAuthority([openID: [.provider], "/keys": [answer], "/token": [.token()]])
            let report = try ExchangeRun().report(on: hybrid(authority))
            #expect(report.failure != nil)
            #expect(authority.asked == ["GET \(openID)", "GET /keys"])
        }
    }

    // MARK: keys

    @Test func `JWKS-02 for a key that is not in the set, the set is fetched once more`() throws {
        let (present, next) = try (IdentityKey.present.get(), IdentityKey.next.get())
        let authority = try authority(keys: [[present], [present, next]])
        let report = try ExchangeRun().report(on: hybrid(authority, by: next))
        #expect(report.failure == nil)
        #expect(authority.asked == ["GET \(openID)", "GET /keys", "GET /keys", "POST /token"])
    }

    @Test func `JWKS-02 strange keys cause one more request a minute, whoever brings them`() throws {
        let next = try IdentityKey.next.get()
        let authority = try authority()
        let run = try ExchangeRun()
        let fetched = { authority.asked.count { $0 == "GET /keys" } }
        let refused = try run.report(on: hybrid(authority, by: next)).failure?.text ?? ""
        #expect(refused.hasPrefix("the ID token is signed with a key that the server does not publish"))
        #expect(fetched() == 2)
        for _ in 1...3 { #expect(try run.report(on: hybrid(authority, by: next)).failure != nil) }
        #expect(fetched() == 2)
        run.moveClock(by: 61)
        #expect(try run.report(on: hybrid(authority, by: next)).failure != nil)
        #expect(fetched() == 3)
        #expect(codes(authority) == 0)
    }

    @Test func `JWKS-06 keys are fetched once for many sign-ins`() throws {
        let authority = try authority()
        let run = try ExchangeRun()
        for _ in 1...3 { #expect(try run.report(on: hybrid(authority)).failure == nil) }
        #expect(authority.asked.count { $0 == "GET /keys" } == 1)
    }

    // MARK: what the code brought

    @Test(
        arguments: [
            (["nonce": #""another""#], "the ID token has an unexpected 'nonce'"), (["nonce": nil], "the ID token has no usable 'nonce'"),
            (["sub": #""i.ivanov""#], "the ID token has an unexpected 'sub'"),
            (["iss": #""https://evil.example""#], "the ID token is from another issuer, 'https://evil.example'"),
            (["at_hash": #""TT2ZqtSSEOpFYV3hKrv3GA""#], "the ID token has an unexpected 'at_hash'"),
        ] as [([String: String?], String)])
    func `HYB-07 HYB-08 IDT-10 no token is used whose ID token is not of this sign-in`(change: [String: String?], text: String) throws {
        let authority = try authority(token: [{ try .tokens(idToken: Person.idToken($0, change)) }])
        let report = try ExchangeRun().report(on: hybrid(authority))
        #expect(report.failure?.text == text)
        #expect(report.id == nil && report.identity == nil)
        #expect(report.successor == Secret("RT-1"), "it can still be revoked")
    }

    @Test func `TR-19 a code for openid that brings no ID token brings nothing`() throws {
        let authority = try authority(token: [{ _ in .tokens(idToken: nil) }])
        let report = try ExchangeRun().report(on: ExchangePlan(signIn: 1, at: authority))
        #expect(report.failure?.text == "the ID token is missing, although 'openid' was requested")
        #expect(report.id == nil)
    }

    @Test func `IDT-13 an access token in the place of an ID token is refused`() throws {
        let authority = try authority(token: [{ try .tokens(idToken: IdentityKey.present.get().signed(Person.claims($0), type: "at+jwt")) }])
        let report = try ExchangeRun().report(on: ExchangePlan(signIn: 1, at: authority))
        #expect(report.failure?.text.contains("at+jwt") == true)
    }

    // MARK: a code is sent once

    @Test(arguments: [200, 302, 400, 401, 404, 410, 415, 429, 500, 502])
    func `AC-13 whatever the server answers, the code is not sent again`(status: Int) throws {
        let authority = try ScriptedAuthority([openID: [.provider, .metadata(token: "/elsewhere")], "/token": [.no(status)], "/elsewhere": [.token()]])
        let run = try ExchangeRun()
        // the metadata are old enough to be doubted
        _ = try run.report(on: ExchangePlan(1, at: authority))
        run.moveClock(by: 61)
        let before = authority.asked.count { $0.hasPrefix("POST ") }
        let report = try run.report(on: ExchangePlan(signIn: 2, at: authority))
        #expect(report.failure != nil)
        #expect(authority.asked.count { $0.hasPrefix("POST ") } == before + 1)
    }

    @Test func `AC-13 after a code that found no token endpoint, the next one goes where that has moved`() throws {
        let moved = try ScriptedAuthority { issuer in
            [
                openID: [.provider, .ok(#"{"issuer":"ISSUER","token_endpoint":"ISSUER/new","jwks_uri":"ISSUER/keys"}"#)], "/token": [.token(), .no(404)],
                "/new": [try .tokens(idToken: Person.idToken(issuer))], "/keys": [.keys([try IdentityKey.present.get()])],
            ]
        }
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(1, at: moved))
        run.moveClock(by: 61)
        #expect(try run.report(on: ExchangePlan(signIn: 2, at: moved)).failure?.status == 404)
        #expect(try run.report(on: ExchangePlan(signIn: 3, at: moved)).failure == nil)
    }

    @Test func `AC-14 NET-08 a code whose answer never comes is sent once, and nobody knows what became of it`() throws {
        let authority = try ScriptedAuthority([openID: [.provider], "/token": [.hangs]])
        let report = try ExchangeRun().report(on: ExchangePlan(signIn: 1, at: authority, timeout: 1))
        #expect(report.failure?.law == .unknown)
        #expect(codes(authority) == 1)
    }

    @Test func `AC-11 a code goes to the server of its application, however many there are`() throws {
        let (other, own) = try (authority(), authority())
        let run = try ExchangeRun()
        _ = try run.report(on: hybrid(other))
        #expect(try run.report(on: hybrid(own)).failure == nil)
        #expect(codes(own) == 1 && codes(other) == 1)
    }

    @Test func `AC-11 the ID token of another server, however good, opens nothing here`() throws {
        let (other, own) = try (authority(), authority())
        var plan = try hybrid(own)
        plan.identity = try hybrid(other).identity
        let report = try ExchangeRun().report(on: plan)
        #expect(report.failure?.text == "the ID token is from another issuer, '\(other.issuer)'")
        #expect(codes(own) == 0 && codes(other) == 0)
    }

    @Test func `LOG-01 nothing on its way to a server shows a secret when it is printed`() throws {
        let authority = try authority()
        var plan = try hybrid(authority)
        plan.application.client = ClientIdentity(id: "portal", authentication: .post(Secret("pa55word")))
        let run = try ExchangeRun()
        var server = MetadataCache(ServerSettings(location: .issuer(authority.issuer)))
        _ = server.ask(at: 0)
        let document = Answer.provider.body.replacing("ISSUER", with: authority.issuer)
        guard case .settled(let found) = server.receive(.response(EndpointResponse(status: 200, body: Secret(document))), at: 0, wall: 0) else {
            throw TestFailure()
        }
        var flight = Flight(.exchange(plan), at: run.now)
        flight.found(try found.get())
        #expect(try flight.takeFront(plan, at: found.get()))
        let message = try flight.next(plan, at: found.get(), now: run.now)
        _ = flight.outcome(of: .response(EndpointResponse(status: 200, body: Secret(Answer.tokens(idToken: nil).body))), now: run.now)
        let front = try #require(plan.identity.flatMap { if case .signIn(_, _, let front?, _) = $0 { front } else { nil } })
        let secrets = [front.withBytes { String(decoding: $0, as: UTF8.self) }, Person.code, Person.nonce, Person.verifier, "pa55word", "AT-1", "RT-1"]
        for value in [flight, message, Transfer(message, to: flight.settings, nanoseconds: 1_000_000_000)] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for printout in [dumped, "\(value)", String(reflecting: value)] {
                #expect(printout.contains("<secret>"))
                for secret in secrets { #expect(!printout.contains(secret)) }
            }
        }
    }

    private struct TestFailure: Error {}
}
