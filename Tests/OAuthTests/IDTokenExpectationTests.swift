import Codecs
import Secrets
import Testing
@testable import OAuth

struct `What an ID token must say` {
    private static let request = AuthorizationRequest(
        clientID: Example.client, redirectURI: "http://127.0.0.1:53682/cb/orchid", scopes: ["openid"], state: Example.state, nonce: Example.nonce,
        challenge: "x")

    private func expectation(_ change: (inout IDTokenExpectation) -> Void = { _ in }) -> IDTokenExpectation {
        var expectation = IDTokenExpectation(of: Self.request, at: Example.issuer, asked: Example.issued - 100)
        change(&expectation)
        return expectation
    }

    /// The left halves were computed with another implementation.
    private func digest(_ algorithm: HashAlgorithm, _ value: Secret) -> [UInt8] {
        let halves = [
            Example.code: "TT2ZqtSSEOpFYV3hKrv3GA", Example.state: "mWVk-zc64MjQy7hyBehqIw", Example.accessToken: "m5jikpg7pGA4UnJQ9Akp0Q",
        ]
        guard algorithm == .sha256, let half = halves[value].flatMap({ Secret($0).base64urlDecoded }) else { return [UInt8](repeating: 9, count: 64) }
        return half.bytes + [UInt8](repeating: 0, count: 16)
    }

    private func identity(
        _ token: Secret, _ expectation: IDTokenExpectation, now: Int64 = Example.issued
    ) throws -> Result<VerifiedIdentity, IDTokenProblem> {
        let signed = try Example.signed(token)
        return Result { () throws(IDTokenProblem) in try expectation.identity(in: signed, now: now, digest: digest) }
    }

    private func problem(
        _ claims: [String: String?], now: Int64 = Example.issued, _ change: (inout IDTokenExpectation) -> Void = { _ in }
    ) throws -> IDTokenProblem? {
        switch try identity(Example.token(claims), expectation(change), now: now) {
        case .success: nil
        case .failure(let problem): problem
        }
    }

    // MARK: issuer, audience, subject

    @Test func `HYB-04 the ID token of ERP.net that comes with a code is accepted`() throws {
        let identity = try identity(Example.token(), expectation().beside(code: Example.code)).get()
        #expect(
            identity
                == VerifiedIdentity(issuer: Example.issuer, subject: "m.petrova", authenticated: 1_790_000_095, expires: 1_790_000_500))
    }

    @Test func `the claims for display are kept in any script`() throws {
        let token = Example.token([
            "name": #""Мария Петрова""#, "email": #""m.petrova@orchid.example""#, "preferred_username": #""mpetrova""#, "email_verified": #""true""#,
        ])
        let identity = try identity(token, expectation()).get()
        #expect(identity.name == "Мария Петрова")
        #expect(identity.email == "m.petrova@orchid.example")
        #expect(identity.preferredUsername == "mpetrova")
    }

    @Test func `the display name is the first of user name, e-mail and name that differs from the subject`() throws {
        let all = ["name": #""Мария Петрова""#, "email": #""m@orchid.example""#, "preferred_username": #""mpetrova""#]
        let table: [([String: String?], String?)] = [
            (all, "mpetrova"), (all.merging(["preferred_username": #"" ""#]) { $1 }, "m@orchid.example"),
            (all.merging(["preferred_username": "7", "email": #""a\nb""#]) { $1 }, "Мария Петрова"), ([:], nil), (["email": #""m.petrova""#], nil),
        ]
        for (claims, name) in table {
            let token = Example.token(claims)
            let person = Person(subject: "m.petrova", name: name)
            #expect(Person(try identity(token, expectation()).get()) == person)
            #expect(Person(subject: "m.petrova", stored: token) == person)
            #expect(Person(subject: "somebody.else", stored: token) == Person(subject: "somebody.else"))
        }
        #expect(Person(subject: "m.petrova", stored: nil) == Person(subject: "m.petrova", stored: Secret("no.token")))
    }

    @Test(arguments: [#""""#, "7", "null", #""a\nb""#, #""a\u001b[31m""#, #""a\u202eb""#, #""a\u2028b""#, "\"\(String(repeating: "x", count: 256))\""])
    func `LOG-05 a name with invisible characters is dropped`(name: String) throws {
        let identity = try identity(Example.token(["name": name, "email": name, "preferred_username": name]), expectation()).get()
        #expect(identity.name == nil && identity.email == nil && identity.preferredUsername == nil)
    }

    @Test(arguments: [
        "https://orchid.my.erp.net/id/", "https://orchid.my.erp.net", "https://ORCHID.my.erp.net/id", "https://evil.example", "",
    ])
    func `IDT-01 HYB-07 another issuer is rejected, however similar`(issuer: String) throws {
        #expect(try problem(["iss": "\"\(issuer)\""]) == .issuer(shown: issuer))
    }

    @Test func `IDT-01 LOG-05 a wrong issuer is shown truncated`() throws {
        let problem = try #require(try self.problem(["iss": "\"evil\\u001b\(String(repeating: "é", count: 300))\""]))
        #expect("\(problem)".utf8.allSatisfy { (0x20...0x7E).contains($0) })
        #expect("\(problem)".utf8.count < 300)
        #expect(try self.problem(["iss": nil]) == .absent(claim: "iss"))
        #expect(try self.problem(["iss": "7"]) == .absent(claim: "iss"))
    }

    @Test(arguments: [
        ("[\"com.example.orchid/desk\"]", nil), ("[\"com.example.orchid/desk\",\"com.example.orchid/desk\"]", nil),
        ("\"com.example.orchid/sync\"", "aud"), ("\"COM.example.orchid/desk\"", "aud"), ("[]", "aud"), ("[\"other\"]", "aud"),
        ("\"\"", "aud"),
    ])
    func `IDT-02 the audience must be this client and no unknown one`(audience: String, wrong: String?) throws {
        #expect(try problem(["aud": audience]) == wrong.map { .wrong(claim: $0) })
    }

    @Test(arguments: ["7", "{}", "[7]", #"["com.example.orchid/desk",7]"#, "null"])
    func `IDT-02 an audience of another type is rejected`(audience: String) throws {
        #expect(try problem(["aud": audience]) == .absent(claim: "aud"))
    }

    @Test func `IDT-02 IDT-03 a second audience must be configured, and the authorized party must be this client`() throws {
        let both = #"["com.example.orchid/desk","other"]"#
        #expect(try problem(["aud": both]) == .audience(shown: "other"))
        #expect(try problem(["aud": both]) { $0.otherAudiences = ["another"] } == .audience(shown: "other"))
        #expect("\(IDTokenProblem.audience(shown: "other"))" == "is for 'other' as well; if that is meant, add it to id_token_audiences under [client]")
        #expect(try problem(["aud": both]) { $0.otherAudiences = ["other"] } == nil)
        #expect(try problem(["aud": both, "azp": #""com.example.orchid/desk""#]) { $0.otherAudiences = ["other"] } == nil)
        #expect(try problem(["azp": #""com.example.orchid/desk""#]) == nil)
        #expect(try problem(["azp": #""other""#]) == .wrong(claim: "azp"))
        #expect(try problem(["aud": #""other""#]) { $0.otherAudiences = ["other"] } == .wrong(claim: "aud"))
    }

    @Test(arguments: ["7", "[]", "{}", "true"])
    func `IDT-12 a subject that is not a string is reported with the remedy`(subject: String) throws {
        #expect(try problem(["sub": subject]) == .subjectIsNotAString)
        #expect(IDTokenProblem.subjectIsNotAString.description.contains("leave 'openid' out"))
    }

    @Test(arguments: ["\"\"", "null", "\"é\"", "\"a\\nb\"", "\"\(String(repeating: "x", count: 256))\""])
    func `IDT-12 a subject is 1 to 255 ASCII characters`(subject: String) throws {
        #expect(try problem(["sub": subject]) == .absent(claim: "sub"))
    }

    @Test func `IDT-12 HYB-07 a subject is compared by code points`() throws {
        #expect(try problem(["sub": "\"\(String(repeating: "x", count: 255))\""]) == nil)
        #expect(try problem([:]) { $0.subject = "m.petrova" } == nil)
        for other in ["M.Petrova", "m.petrova ", "x"] { #expect(try problem([:]) { $0.subject = other } == .wrong(claim: "sub")) }
    }

    // MARK: times

    @Test(
        arguments: [
            (1_790_000_559, nil), (1_790_000_560, .expired), (1_890_000_000, .expired), (1_790_000_140, nil), (1_790_000_139, .early(claim: "iat")),
        ] as [(Int64, IDTokenProblem?)])
    func `IDT-08 TIME-01 TIME-06 the times must be valid within a minute`(now: Int64, expected: IDTokenProblem?) throws {
        #expect(try problem([:], now: now) == expected)
    }

    @Test func `TIME-01 the leeway is configurable`() throws {
        #expect(try problem([:], now: 1_790_000_799) { $0.leeway = 300 } == nil)
        #expect(try problem([:], now: 1_790_000_501) { $0.leeway = 0 } == .expired)
        #expect(IDTokenExpectation.defaultLeeway == 60)
    }

    @Test func `IDT-08 a token that is not valid yet is rejected, and nbf is optional`() throws {
        #expect(try problem(["nbf": "1790000260"]) == nil)
        #expect(try problem(["nbf": "1790000261"]) == .early(claim: "nbf"))
        #expect(try problem(["nbf": nil]) == nil)
    }

    @Test(arguments: ["exp", "iat"], [nil, "null", #""1790000500""#, "-1", "1e300", "true", "[1]", "253402300800"] as [String?])
    func `IDT-08 the times must be numbers and must not be missing`(claim: String, value: String?) throws {
        #expect(try problem([claim: value]) == .absent(claim: claim))
    }

    @Test func `IDT-08 a time may have a fraction or an exponent`() throws {
        #expect(try problem(["iat": "1790000200.75", "exp": "1.7900005e9", "nbf": "1790000200.0"]) == nil)
    }

    @Test func `TIME-06 a token that is older than the sign-in is rejected`() throws {
        #expect(try problem(["iat": "1790000040"]) == nil)
        #expect(try problem(["iat": "1790000039"]) == .tooOld(claim: "iat"))
    }

    @Test func `IDT-11 AC-26 auth_time is checked if max_age was requested`() throws {
        var request = Self.request
        request.maxAge = 100
        let recent = IDTokenExpectation(of: request, at: Example.issuer, asked: Example.issued)
        #expect(recent.maxAge == 100)
        let ask = { (claims: [String: String?], now: Int64) in try self.identity(Example.token(claims), recent, now: now) }
        #expect(try ask([:], 1_790_000_255).value != nil)
        #expect(try ask([:], 1_790_000_256) == .failure(.tooOld(claim: "auth_time")))
        #expect(try ask(["auth_time": nil], Example.issued) == .failure(.absent(claim: "auth_time")))
        #expect(try problem(["auth_time": nil]) == nil)
        #expect(try problem(["auth_time": #""1790000095""#]) == .absent(claim: "auth_time"))
    }

    // MARK: nonce and hashes

    @Test func `IDT-09 HYB-08 the nonce must be the one that was sent`() throws {
        for nonce in [#""n-0c2f1b7e9b""#, #""n-0c2f1b7e9""#, #""N-0C2F1B7E9A""#, #""""#] { #expect(try problem(["nonce": nonce]) == .wrong(claim: "nonce")) }
        for nonce in [nil, "null", "7"] as [String?] { #expect(try problem(["nonce": nonce]) == .absent(claim: "nonce")) }
    }

    @Test func `IDT-10 at_hash must match the access token if it is present`() throws {
        let hash = { (text: String?) in ["at_hash": text.map { "\"\($0)\"" }, "c_hash": nil] as [String: String?] }
        let with = { (expectation: inout IDTokenExpectation) in expectation.accessToken = Example.accessToken }
        #expect(try problem(hash("m5jikpg7pGA4UnJQ9Akp0Q"), with) == nil)
        #expect(try problem(hash(nil), with) == nil)
        for other in ["m5jikpg7pGA4UnJQ9Akp0g", "m5jikpg7pGA4UnJQ9Akp0Q==", "m5jikpg7pGA4UnJQ9Akp", "", "TT2ZqtSSEOpFYV3hKrv3GA"] {
            #expect(try problem(hash(other), with) == .wrong(claim: "at_hash"))
        }
        #expect(try problem(["at_hash": "7"], with) == .absent(claim: "at_hash"))
        #expect(try problem(hash("m5jikpg7pGA4UnJQ9Akp0Q")) { $0.accessToken = Secret("EXAMPLE.ACCESS.TOKEX") } == .wrong(claim: "at_hash"))
    }

    @Test func `HYB-05 c_hash is required if the token comes with a code`() throws {
        let without = try identity(Example.token(["c_hash": nil]), expectation().beside(code: Example.code))
        #expect(without == .failure(.absent(claim: "c_hash")))
        #expect(try problem(["c_hash": nil]) { $0.code = Example.code } == nil)
    }

    @Test(arguments: ["TT2ZqtSSEOpFYV3hKrv3GB", "TT2ZqtSSEOpFYV3hKrv3", "mWVk-zc64MjQy7hyBehqIw", "tt2zqtsseopfyv3hkrv3ga", ""])
    func `HYB-06 a code that does not match c_hash is not redeemed`(hash: String) throws {
        #expect(try identity(Example.token(["c_hash": "\"\(hash)\""]), expectation().beside(code: Example.code)) == .failure(.wrong(claim: "c_hash")))
    }

    @Test func `HYB-06 the hash algorithm is that of the signature`() throws {
        var asked: [HashAlgorithm] = []
        for algorithm in ["RS256", "RS384", "PS512", "ES256", "ES384", "ES512"] {
            let token = Example.token(header: #"{"alg":"\#(algorithm)","kid":"\#(Example.kid)"}"#)
            let signed = try Example.signed(token)
            _ = try? expectation().beside(code: Example.code).identity(in: signed, now: Example.issued) { hash, _ in
                asked.append(hash)
                return []
            }
        }
        #expect(asked == [.sha256, .sha384, .sha512, .sha256, .sha384, .sha512])
    }

    @Test func `HYB-10 s_hash is checked if it is present`() throws {
        #expect(try problem(["s_hash": #""mWVk-zc64MjQy7hyBehqIg""#]) == .wrong(claim: "s_hash"))
        #expect(try problem(["s_hash": nil]) == nil)
        #expect(try problem(["s_hash": #""mWVk-zc64MjQy7hyBehqIg""#]) { $0.state = nil } == nil)
    }

    // MARK: after a refresh

    private func refreshed(_ claims: [String: String?], earlier: [String: String?] = [:], hasEarlier: Bool = true) throws -> IDTokenProblem? {
        let earlier = hasEarlier ? try IDToken(Example.token(earlier)) : nil
        let expectation = IDTokenExpectation(refreshing: "m.petrova", at: Example.issuer, for: Example.client, earlier: earlier)
        let later: [String: String?] = ["iat": "1790003800", "nbf": "1790003800", "exp": "1790004100", "c_hash": nil, "s_hash": nil]
        switch try identity(Example.token(later.merging(claims) { $1 }), expectation, now: 1_790_003_800) {
        case .success: return nil
        case .failure(let problem): return problem
        }
    }

    @Test func `IDT-17 after a refresh the person, the issuer and the client must be the same`() throws {
        #expect(try refreshed(["nonce": nil]) == nil)
        #expect(try refreshed(["nonce": nil], hasEarlier: false) == nil)
        #expect(try refreshed(["nonce": nil, "sub": #""somebody.else""#]) == .wrong(claim: "sub"))
        #expect(try refreshed(["nonce": nil, "iss": #""https://evil.example""#]) == .issuer(shown: "https://evil.example"))
        #expect(try refreshed(["nonce": nil, "aud": #""other""#]) == .wrong(claim: "aud"))
    }

    @Test func `IDT-17 after a refresh the nonce must be missing or the original one`() throws {
        #expect(try refreshed([:]) == nil)
        #expect(try refreshed(["nonce": #""another""#]) == .wrong(claim: "nonce"))
        #expect(try refreshed(["nonce": #""another""#], earlier: ["nonce": nil]) == nil, "the token before had come with a refresh, too")
    }

    @Test func `IDT-17 after a refresh iat must be newer and auth_time unchanged`() throws {
        #expect(try refreshed(["iat": "1790000200"]) == nil)
        #expect(try refreshed(["iat": "1790000139"]) == .tooOld(claim: "iat"))
        #expect(try refreshed(["auth_time": "1790003700"]) == .wrong(claim: "auth_time"))
        #expect(try refreshed(["auth_time": nil]) == nil)
        #expect(try refreshed(["auth_time": "1790003700"], earlier: ["auth_time": nil]) == nil)
    }

    // MARK: missing tokens

    @Test func `TR-19 a code exchange with openid requires an ID token, a refresh does not`() throws {
        let tokens = IssuedTokens(accessToken: Secret("AT"), lifetime: 3600, scopes: ["openid", "read"])
        #expect(throws: IDTokenProblem.missing) { try expectation().token(in: tokens) }
        let refresh = IDTokenExpectation(refreshing: "x", at: Example.issuer, for: Example.client, earlier: nil)
        #expect(try refresh.token(in: tokens) == nil)
        var whole = tokens
        whole.idToken = Example.token()
        #expect(try expectation().token(in: whole) != nil)
        #expect(ExchangeFailure(IDTokenProblem.missing).law == .configuration)
        #expect(ExchangeFailure(IDTokenProblem.missing).text == "the ID token is missing, although 'openid' was requested")
    }

    @Test func `every problem has a text without a value`() {
        let problems: [IDTokenProblem] = [
            .missing, .malformed, .encrypted, .type(shown: "x"), .critical, .algorithm(shown: "x"), .unknownKey, .unfitKey, .unnamedKey, .signature,
            .issuer(shown: "x"), .absent(claim: "x"), .wrong(claim: "x"), .subjectIsNotAString, .expired, .early(claim: "x"),
            .tooOld(claim: "x"),
        ]
        #expect(Set(problems.map(\.description)).count == problems.count)
        for problem in problems { #expect(["is ", "has ", "requires ", "does "].contains { problem.description.hasPrefix($0) }) }
    }

    @Test func `IDT-17 at a refresh every problem except auth_time and at_hash makes the person uncertain`() {
        for claim in ["auth_time", "at_hash"] { #expect(IDTokenProblem.wrong(claim: claim).leavesSubjectCertain) }
        let doubtful: [IDTokenProblem] = [
            .malformed, .encrypted, .type(shown: "x"), .critical, .algorithm(shown: "x"), .unknownKey, .unfitKey, .unnamedKey, .signature,
            .issuer(shown: "x"), .absent(claim: "sub"), .subjectIsNotAString, .wrong(claim: "sub"), .wrong(claim: "aud"), .wrong(claim: "azp"),
            .wrong(claim: "nonce"), .expired,
            .early(claim: "iat"), .tooOld(claim: "iat"),
        ]
        for problem in doubtful { #expect(!problem.leavesSubjectCertain) }
    }

    @Test func `LOG-01 a printed expectation shows none of its values`() {
        var dumped = ""
        dump(
            expectation {
                $0.accessToken = Secret("canary-1")
                $0.code = Secret("canary-2")
                $0.nonce = .sent(Secret("canary-3"))
            }, to: &dumped)
        #expect(!dumped.contains("canary"))
        #expect(!dumped.contains("q3VnR0s1"))
    }
}

extension Result where Failure == IDTokenProblem {
    fileprivate var value: Success? { try? get() }
}
