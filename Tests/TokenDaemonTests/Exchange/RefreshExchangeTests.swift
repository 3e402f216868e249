import OAuth
import Secrets
import Systemd
import Testing
import TokenLedger
@testable import TokenDaemon

/// A refresh token is sent on a connection of its own, and what it brought comes back at once.
@Suite(.serialized)
struct `A refresh at the exchange` {
    private let openID = "/.well-known/openid-configuration"
    private typealias Answer = ScriptedAuthority.Answer

    private func authority(keys: Answer? = nil, token: (_ issuer: String) throws -> [Answer]) throws -> ScriptedAuthority {
        let keys = try keys ?? .keys([IdentityKey.present.get()])
        return try ScriptedAuthority { [openID: [.provider], "/keys": [keys], "/token": try token($0)] }
    }

    @Test func `NET-11 what was an idle connection does not carry a refresh token`() throws {
        let authority = try authority { _ in [.tokens(idToken: nil)] }
        let run = try ExchangeRun()
        for id in 1...2 { _ = try run.report(on: ExchangePlan(UInt64(id), at: authority)) }
        _ = try run.report(on: ExchangePlan(refresh: 3, at: authority))
        _ = try run.report(on: ExchangePlan(refresh: 4, at: authority))
        let ports = authority.seen.filter { $0.method == "POST" }.map(\.port)
        try #require(ports.count == 4)
        #expect(ports[0] == ports[1], "what spends nothing may use what is there")
        #expect(Set(ports[1...]).count == 3)
    }

    @Test func `RT-14 a refresh token goes to the token endpoint alone, in the body`() throws {
        let authority = try authority { _ in [.tokens(idToken: nil)] }
        let report = try ExchangeRun().report(on: ExchangePlan(refresh: 1, at: authority))
        #expect(report.successor == Secret("RT-1"))
        let bodies = authority.seen.map(\.body)
        #expect(bodies.last == "grant_type=refresh_token&refresh_token=RT-0")
        #expect(!bodies.dropLast().joined().contains("RT-0"))
        #expect(!authority.seen.contains { $0.path.contains("RT-0") || $0.headers.values.contains { $0.contains("RT-0") } })
    }

    @Test func `JWKS-02 IDT-17 a refresh never waits for keys, and takes its ID token only when it could be checked`() throws {
        let authority = try authority(keys: .hangs) { [try .tokens(idToken: Person.idToken($0, ["nonce": nil]))] }
        let run = try ExchangeRun()
        let began = Clock.boottime()
        let tokens = try run.report(on: ExchangePlan(refresh: 1, at: authority)).outcome.get()
        #expect(Clock.boottime() - began < 10_000_000_000)
        #expect(tokens.accessToken == Secret("AT-1") && tokens.refreshToken == Secret("RT-1"))
        #expect(tokens.idToken == nil)
        try run.turn { authority.asked.last == "GET /keys" }
    }

    @Test(
        arguments: [
            (["sub": #""i.ivanov""#], "the ID token has an unexpected 'sub'"), (["iss": #""https://evil.example""#], "is from another issuer"),
            (["aud": #""another""#], "the ID token has an unexpected 'aud'"), (["sub": nil], "the ID token has no usable 'sub'"),
        ] as [([String: String?], String)])
    func `IDT-17 without keys at hand issuer, audience and subject are compared, and the successor is kept`(change: [String: String?], text: String) throws {
        let authority = try authority { [try .tokens("AT-2", refresh: "RT-2", idToken: Person.idToken($0, change.merging(["nonce": nil]) { one, _ in one }))] }
        let report = try ExchangeRun().report(on: ExchangePlan(refresh: 1, at: authority))
        #expect(report.failure?.text.contains(text) == true, "\(report.failure?.text ?? "a token was handed out")")
        #expect(report.id == nil)
        #expect(report.successor == Secret("RT-2"))
    }

    @Test(arguments: [["exp": "1"], ["iat": "4000000000"], ["exp": "1", "sub": #""i.ivanov""#]])
    func `IDT-17 without keys at hand a clock that is wrong takes no token away, and hides no other person`(change: [String: String]) throws {
        let claims = change.mapValues(Optional.some).merging(["nonce": nil]) { one, _ in one }
        let authority = try authority { [try .tokens("AT-2", refresh: "RT-2", idToken: Person.idToken($0, claims))] }
        let report = try ExchangeRun().report(on: ExchangePlan(refresh: 1, at: authority))
        #expect((report.failure == nil) == (change["sub"] == nil))
        #expect(report.successor == Secret("RT-2"))
    }

    @Test func `IDT-17 with keys at hand the ID token of a refresh is checked and kept`() throws {
        let authority = try authority { [try .tokens(idToken: Person.idToken($0, ["nonce": nil]))] }
        let run = try ExchangeRun()
        #expect(try run.report(on: ExchangePlan(refresh: 1, at: authority)).outcome.get().idToken == nil)
        // the keys are on their way now; a plan that waits for them shows that they have come
        try run.turn { authority.asked.last == "GET /keys" }
        _ = try run.report(on: ExchangePlan(signIn: 2, at: authority, front: Secret(Person.idToken(authority.issuer))))
        #expect(try run.report(on: ExchangePlan(refresh: 3, at: authority)).outcome.get().idToken != nil)
    }

    @Test func `IDT-17 a refresh that names another person brings nothing to hand out, and its successor is kept`() throws {
        let authority = try authority { issuer in
            [.tokens(idToken: nil), try .tokens("AT-2", refresh: "RT-2", idToken: Person.idToken(issuer, ["sub": #""i.ivanov""#]))]
        }
        let run = try ExchangeRun()
        _ = try run.report(on: ExchangePlan(signIn: 1, at: authority, front: Secret(Person.idToken(authority.issuer, ["c_hash": Person.codeHash]))))
        let report = try run.report(on: ExchangePlan(refresh: 2, at: authority))
        #expect(report.failure?.text == "the ID token has an unexpected 'sub'")
        #expect(report.id == nil)
        #expect(report.successor == Secret("RT-2"))
    }

    private enum Keys: CaseIterable { case twoWithoutNames, ofAnotherAlgorithm }

    @Test(arguments: Keys.allCases, [nil, #""i.ivanov""#])
    private func `IDT-17 keys at hand that cannot tell who signed are as good as none`(keys: Keys, person: String?) throws {
        let (present, next) = (try IdentityKey.present.get(), try IdentityKey.next.get())
        let published =
            switch keys {
            case .twoWithoutNames: [present.published(as: nil), next.published(as: nil)]
            case .ofAnotherAlgorithm: [present.published(as: "present", for: "RS512")]
            }
        var change: [String: String?] = ["nonce": nil]
        if let person { change["sub"] = person }
        let authority = try authority(keys: .ok(#"{"keys":[\#(published.joined(separator: ","))]}"#)) { issuer in
            let claims = Person.claims(issuer, change).compactMapValues(\.self)
            return [.tokens(idToken: nil), .tokens("AT-2", refresh: "RT-2", idToken: try present.signed(claims, isNamed: keys != .twoWithoutNames))]
        }
        let run = try ExchangeRun()
        // the front's key cannot be told either, and its keys have come then
        _ = try run.report(on: ExchangePlan(signIn: 1, at: authority, front: Secret(Person.idToken(authority.issuer, ["c_hash": Person.codeHash]))))
        try #require(authority.asked.contains("GET /keys"))
        _ = try run.report(on: ExchangePlan(refresh: 2, at: authority))
        let report = try run.report(on: ExchangePlan(refresh: 3, at: authority))
        #expect(report.successor == Secret("RT-2"))
        if person == nil {
            #expect(try report.outcome.get().accessToken == Secret("AT-2"))
            #expect(try report.outcome.get().idToken == nil)
        } else {
            #expect(report.failure?.text == "the ID token has an unexpected 'sub'")
        }
    }
}
