import Codecs
import Secrets
import Testing
@testable import OAuth

struct `An ID token` {
    private func problem(_ token: Secret) -> IDTokenProblem? {
        do throws(IDTokenProblem) {
            _ = try IDToken(token)
            return nil
        } catch {
            return error
        }
    }

    private func problem(header: String) -> IDTokenProblem? { problem(Example.token(header: header)) }

    /// The signature to verify; `nil` if newer keys are needed.
    private func check(
        _ header: String, by keys: JWKSet, allowing algorithms: [String] = ["RS256"]
    ) throws(IDTokenProblem) -> SignatureCheck? {
        switch try IDToken(Example.token(header: header)).signature(by: keys, allowing: algorithms) {
        case .check(let check): check
        case .needsKeys: nil
        }
    }

    // MARK: parsing

    @Test func `IDT-04 the ID token of ERP.net is parsed, and the signed part is unchanged`() throws {
        let check = try #require(try self.check(Example.header, by: Example.keys(Example.rsa())))
        #expect(check.algorithm == .rs256)
        #expect(check.signature == Array("signature".utf8))
        let token = Example.token(["x": #""\u0041 é \/""#])
        #expect(try IDToken(token).signedPart.revealed + "." + base64url("signature") == token.revealed)
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c", "e30.e30.", "e30.e30.c2ln", "{}.{}.x", "e30.e30.c2ln.", "e30.e30.c2ln.x.y.z",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln=", "eyJhbGciOiJSUzI1NiJ9.e30.c2l", "eyJhbGciOiJSUzI1NiJ9.e30.c2l+", "eyJhbGciOiJSUzI1NiJ9.W10.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e3.c2ln", "W10.e30.c2ln", "eyJhbGciOiJSUzI1NiJ9=.e30.c2ln", " eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln\n", "eyJhbGciOiJSUzI1NiJ9.e30.c", "eyJhbGciOiJSUzI1NiJ9.eyJhIjoxLCJhIjoyfQ.c2ln",
    ])
    func `a text that is not a signed token is rejected`(text: String) {
        #expect(problem(Secret(text)) == .malformed)
    }

    @Test func `a token that is too long is rejected`() {
        #expect(problem(Example.token(["x": "\"\(String(repeating: "x", count: 30_000))\""])) == .malformed)
        #expect(problem(Example.token(["x": "\"\(String(repeating: "x", count: 20_000))\""])) == nil)
    }

    @Test func `every truncated token is rejected`() throws {
        let token = Example.token()
        let signature = token.count - base64url("signature").utf8.count
        for end in 0..<signature - 1 { #expect(problem(token[0..<end]) == .malformed, "cut at \(end)") }
    }

    @Test(arguments: [#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#, #"{"alg":"dir","enc":"A128CBC-HS256","kid":"x"}"#])
    func `IDT-15 an encrypted token is reported as such`(header: String) {
        #expect(problem(header: header) == .encrypted)
        #expect(problem(Secret("a.b.c.d.e")) == .encrypted)
        #expect("\(IDTokenProblem.encrypted)".contains("encrypted"))
    }

    @Test(arguments: ["at+jwt", "AT+JWT", "application/at+jwt", "logout+jwt", "dpop+jwt"])
    func `IDT-13 a token of another type is rejected`(type: String) {
        #expect(problem(header: #"{"alg":"RS256","typ":"\#(type)"}"#) == .type(shown: type))
    }

    @Test(arguments: [#","typ":"JWT""#, #","typ":"jwt""#, "", #","typ":null"#, #","typ":"JOSE""#, #","cty":"x""#])
    func `IDT-13 an ordinary or missing type is accepted`(member: String) {
        #expect(problem(header: #"{"alg":"RS256"\#(member)}"#) == nil)
    }

    @Test(arguments: [#"["exp"]"#, "[]", #"["b64"]"#, #""x""#])
    func `IDT-14 a critical extension is rejected`(crit: String) {
        #expect(problem(header: #"{"alg":"RS256","crit":\#(crit),"b64":false}"#) == .critical)
    }

    @Test(arguments: ["{}", #"{"alg":7}"#, #"{"alg":null}"#, #"{"alg":"RS256","typ":7}"#, "[]", "RS256", #"{"alg":"RS256","alg":"none"}"#])
    func `an invalid header is rejected`(header: String) {
        #expect(problem(header: header) == .malformed)
    }

    // MARK: signatures

    @Test(arguments: ["none", "None", "NONE", "HS256", "HS512", "RS1", "rs256", "ES256K", "", "RS256 "])
    func `IDT-05 none, symmetric and unknown algorithms are rejected even if the server lists them`(algorithm: String) throws {
        let keys = try Example.keys(Example.rsa(more: ""))
        let header = #"{"alg":"\#(algorithm)","kid":"\#(Example.kid)"}"#
        for allowed in [["RS256"], ["RS256", algorithm], [algorithm]] {
            #expect(throws: IDTokenProblem.algorithm(shown: algorithm)) { try check(header, by: keys, allowing: allowed) }
        }
    }

    @Test func `IDT-05 an algorithm that the server does not list is rejected`() throws {
        let keys = try Example.keys(Example.rsa(more: ""))
        let header = #"{"alg":"PS256","kid":"\#(Example.kid)"}"#
        #expect(throws: IDTokenProblem.algorithm(shown: "PS256")) { try check(header, by: keys) }
        #expect(try check(header, by: keys, allowing: ["PS256"])?.algorithm == .ps256)
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `IDT-06 a key is used only for its type of algorithm`(algorithm: SigningAlgorithm) throws {
        let ec = { (curve: String, count: Int) in
            let coordinate = base64url([UInt8](repeating: 7, count: count))
            return #"{"kty":"EC","crv":"\#(curve)","x":"\#(coordinate)","y":"\#(coordinate)","kid":"k"}"#
        }
        let entries = [
            "RS256 RS384 RS512 PS256 PS384 PS512": Example.rsa(kid: "k", more: ""), "ES256": ec("P-256", 32), "ES384": ec("P-384", 48),
            "ES512": ec("P-521", 66), "EdDSA": #"{"kty":"OKP","crv":"Ed25519","kid":"k","x":"\#(base64url([UInt8](repeating: 7, count: 32)))"}"#,
        ]
        let header = #"{"alg":"\#(algorithm.rawValue)","kid":"k"}"#
        for (fitting, entry) in entries {
            let keys = try Example.keys(entry)
            if fitting.split(separator: " ").contains(algorithm.rawValue[...]) {
                #expect(try check(header, by: keys, allowing: [algorithm.rawValue])?.algorithm == algorithm)
            } else {
                #expect(throws: IDTokenProblem.unfitKey) { try check(header, by: keys, allowing: [algorithm.rawValue]) }
            }
        }
        #expect(try check(header, by: Example.keys(entries.values.joined(separator: ",")), allowing: [algorithm.rawValue]) != nil)
    }

    @Test func `JWKS-03 up to four keys with the same id are tried`() throws {
        let header = #"{"alg":"RS256","kid":"k"}"#
        let other = Example.rsa(kid: "k", bits: 4096, more: "")
        let keys = try Example.keys(Example.rsa(kid: "k", more: #","alg":"PS256""#), other, Example.rsa(kid: "k", more: ""), Example.rsa(kid: "x"))
        let check = try #require(try self.check(header, by: keys))
        #expect(check.keys == keys.keys(named: "k").dropFirst().map(\.key) && check.keys.count == 2)
        let many = try Example.keys(Array(repeating: other, count: 100).joined(separator: ","))
        #expect(try self.check(header, by: many)?.keys.count == 4)
    }

    @Test func `IDT-06 a key with an alg is used for no other algorithm`() throws {
        let keys = try Example.keys(Example.rsa())
        #expect(throws: IDTokenProblem.unfitKey) {
            try check(#"{"alg":"PS256","kid":"\#(Example.kid)"}"#, by: keys, allowing: ["PS256", "RS256"])
        }
    }

    @Test(arguments: [
        #""jku":"https://evil.example/k""#, #""x5u":"https://evil.example/c""#, #""jwk":\#(Example.rsa(kid: nil, bits: 3072))"#, #""x5c":["MIIB"]"#,
    ])
    func `IDT-07 keys in the header of the token are ignored`(member: String) throws {
        let keys = try Example.keys(Example.rsa())
        let check = try #require(try self.check(#"{"alg":"RS256","kid":"\#(Example.kid)",\#(member)}"#, by: keys))
        #expect(check.keys == keys.keys(named: Example.kid).map(\.key))
        #expect(try self.check(#"{"alg":"RS256","kid":"other",\#(member)}"#, by: keys) == nil)
    }

    @Test func `JWKS-02 an unknown key id requests new keys`() throws {
        #expect(try check(Example.header, by: Example.keys(Example.rsa(kid: "another"))) == nil)
        #expect(try check(Example.header, by: Example.keys()) == nil)
        #expect(try check(#"{"alg":"RS256"}"#, by: Example.keys()) == nil)
    }

    @Test func `JWKS-02 key ids are compared by code points`() throws {
        #expect(try check(Example.header, by: Example.keys(Example.rsa(kid: Example.kid.lowercased()))) == nil)
    }

    @Test func `JWKS-04 without a key id exactly one key must fit`() throws {
        let header = #"{"alg":"RS256"}"#
        #expect(try check(header, by: Example.keys(Example.rsa(), Example.rsa(kid: "enc", more: #","use":"enc""#))) != nil)
        #expect(throws: IDTokenProblem.unnamedKey) { try check(header, by: Example.keys(Example.rsa(), Example.rsa(kid: nil))) }
    }

    @Test func `JWKS-04 the only key of a set is used if it has no id`() throws {
        let only = try #require(try check(Example.header, by: Example.keys(Example.rsa(kid: nil))))
        #expect(!only.isNamed)
        #expect(try check(Example.header, by: Example.keys(Example.rsa()))?.isNamed == true)
        #expect(try check(#"{"alg":"RS256"}"#, by: Example.keys(Example.rsa()))?.isNamed == false)
        #expect(try check(Example.header, by: Example.keys(Example.rsa(kid: nil), Example.rsa(kid: "another"))) == nil)
        #expect(try check(Example.header, by: Example.keys(Example.rsa(kid: nil), Example.rsa(kid: nil))) == nil)
        #expect(try check(#"{"alg":"ES256","kid":"x"}"#, by: Example.keys(Example.rsa(kid: nil)), allowing: ["ES256"]) == nil)
    }

    @Test func `IDT-04 an invalid signature is rejected`() throws {
        let check = try #require(try self.check(Example.header, by: Example.keys(Example.rsa())))
        #expect(throws: IDTokenProblem.signature) { try check.result(isValid: false) }
        #expect(throws: Never.self) { try check.result(isValid: true) }
    }

    @Test func `LOG-01 a printed token shows none of its claims`() throws {
        let token = Example.token(["sub": #""canary-1""#, "email": #""canary-2@x""#])
        let parsed = try IDToken(token)
        var dumped = ""
        dump(parsed, to: &dumped)
        dump(try Example.signed(token), to: &dumped)
        #expect(!(dumped + "\(parsed)").contains("canary"))
        #expect(!dumped.contains("m.petrova"))
    }
}
