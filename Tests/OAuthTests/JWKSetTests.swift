import Codecs
import Secrets
import Testing
@testable import OAuth

struct `A server's keys` {
    private func count(_ entry: String) throws -> Int {
        // the good key next to it is always kept
        let set = try Example.keys(entry, Example.rsa(kid: "good"))
        #expect(set.keys(named: "good").count == 1)
        return SigningAlgorithm.allCases.map { set.keys(for: $0).filter { $0.id != "good" }.count }.max() ?? 0
    }

    private let x32 = base64url([UInt8](repeating: 7, count: 32))
    private let x48 = base64url([UInt8](repeating: 7, count: 48))
    private let x66 = base64url([UInt8](repeating: 1, count: 66))

    @Test func `JWKS-01 a document without an array of keys is not a key set`() throws {
        for body in ["{}", #"{"keys":{}}"#, #"{"keys":"x"}"#, #"{"keys":null}"#, #"{"KEYS":[]}"#] {
            #expect(try JWKSet(JSONObject.read(Secret(body)).get()) == nil)
        }
        #expect(try Example.keys().isEmpty)
    }

    @Test func `JWKS-01 the key of ERP.net is parsed`() throws {
        let set = try Example.keys(Example.rsa())
        guard case .rsa(let modulus, let exponent)? = set.keys(named: Example.kid).first?.key else { return #expect(Bool(false)) }
        #expect(modulus.count == 256)
        #expect(modulus.first == 0x80)
        #expect(exponent == [1, 0, 1])
    }

    @Test func `JWKS-03 every supported type of key is kept`() throws {
        #expect(try count(Example.rsa()) == 1)
        #expect(try count(Example.rsa(more: #","x5t":"x","x5c":["MIIB"],"x":7"#)) == 1)
        #expect(try count(Example.rsa(more: #","key_ops":["verify"]"#)) == 1)
        #expect(try count(#"{"kty":"EC","crv":"P-256","x":"\#(x32)","y":"\#(x32)"}"#) == 1)
        #expect(try count(#"{"kty":"EC","crv":"P-384","x":"\#(x48)","y":"\#(x48)","alg":"ES384"}"#) == 1)
        #expect(try count(#"{"kty":"EC","crv":"P-521","x":"\#(x66)","y":"\#(x66)","use":"sig"}"#) == 1)
        #expect(try count(#"{"kty":"OKP","crv":"Ed25519","x":"\#(x32)"}"#) == 1)
    }

    @Test(arguments: [
        #"{}"#, "7", "null", #""RSA""#, "[]", #"{"kty":"oct","k":"c2VjcmV0"}"#, #"{"kty":"RSA"}"#, #"{"kty":"RSA","e":"AQAB"}"#,
        #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, #"{"kty":"EC","crv":"P-256"}"#, #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
        #"{"kty":"EC","crv":"P-256","x":"BwcH","y":"BwcH"}"#, #"{"kty":"OKP","crv":"X25519","x":"BwcH"}"#, #"{"kty":"OKP","crv":"Ed25519","x":"BwcH"}"#,
        #"{"kty":"rsa","n":"AQAB","e":"AQAB"}"#, #"{"kty":"PQC","pub":"AA"}"#,
        Example.rsa(more: #","use":"enc""#), Example.rsa(more: #","use":7"#), Example.rsa(more: #","key_ops":["encrypt"]"#),
        Example.rsa(more: #","key_ops":"verify""#), Example.rsa(more: #","alg":"RSA-OAEP""#), Example.rsa(more: #","alg":"HS256""#),
        Example.rsa(more: #","alg":"none""#), Example.rsa(more: #","alg":7"#),
    ])
    func `JWKS-03 unsupported keys are ignored`(entry: String) throws {
        #expect(try count(entry) == 0)
    }

    @Test(arguments: [(1024, 0), (2040, 0), (2048, 1), (4096, 1), (8_192, 1), (8_200, 0), (16_384, 0)])
    func `JWKS-05 RSA keys have at least 2048 bits, and not too many`(bits: Int, kept: Int) throws {
        #expect(try count(Example.rsa(bits: bits)) == kept)
    }

    @Test func `JWKS-05 the length of a key is counted in bits`() throws {
        let entry = { (modulus: [UInt8]) in #"{"kty":"RSA","e":"AQAB","n":"\#(base64url(modulus))"}"# }
        #expect(try count(entry([0x7F] + [UInt8](repeating: 0xFF, count: 255))) == 0)
        #expect(try count(entry([0] + [UInt8](repeating: 0xFF, count: 255))) == 0)
        #expect(try count(entry([0, 0x80] + [UInt8](repeating: 0xFF, count: 255))) == 1)
    }

    @Test(arguments: [("AQAB", 1), ("Aw", 1), ("AQ", 0), ("Ag", 0), ("AA", 0), ("", 0), ("AQAAAAE", 0), ("_____w", 1), ("AQAB=", 0), ("AAEAAQ", 1)])
    func `an exponent is odd, above 1 and at most 32 bits long`(exponent: String, kept: Int) throws {
        let modulus = base64url([UInt8](repeating: 0xFF, count: 256))
        #expect(try count(#"{"kty":"RSA","e":"\#(exponent)","n":"\#(modulus)"}"#) == kept)
    }
}

struct `Known keys` {
    private let url = try? HTTPSURL("https://orchid.my.erp.net/id/.well-known/openid-configuration/jwks")

    private func asked(_ keys: inout JWKSCache, at now: Int64, _ other: String? = nil) throws -> JWKSCache.Answer {
        keys.ask(at: try other.map { text throws in try HTTPSURL(text) } ?? #require(url), now: now)
    }

    private func document(_ kid: String) -> EndpointResult { answer(200, #"{"keys":[\#(Example.rsa(kid: kid))]}"#, cacheControl: "max-age=600") }

    private func has(_ kid: String, _ answer: JWKSCache.Answer) -> Bool {
        guard case .ready(let set) = answer else { return false }
        return !set.keys(named: kid).isEmpty
    }

    private func isSend(_ answer: JWKSCache.Answer) -> Bool {
        guard case .send = answer else { return false }
        return true
    }

    /// Keys that were fetched at second 0.
    private func found(cacheControl: String? = "max-age=600") throws -> JWKSCache {
        var keys = JWKSCache()
        _ = try asked(&keys, at: 0)
        _ = keys.receive(answer(200, #"{"keys":[\#(Example.rsa(kid: "k1"))]}"#, cacheControl: cacheControl), now: 0, wall: now)
        return keys
    }

    @Test func `JWKS-01 the keys are fetched by one GET for all waiting callers`() throws {
        var keys = JWKSCache()
        guard case .send(let request) = try asked(&keys, at: 0), case .get = request.method else { return #expect(Bool(false)) }
        #expect(request.url == url?.text)
        #expect(request.headers.isEmpty)
        for second in 0..<5 {
            guard case .underway = try asked(&keys, at: Int64(second)) else { return #expect(Bool(false)) }
        }
        #expect(try keys.receive(document("k1"), now: 5, wall: now).get().keys(named: "k1").count == 1)
        #expect(try has("k1", asked(&keys, at: 6)))
    }

    @Test(
        arguments: [
            ("max-age=600", 600), ("max-age=31536000", 86_400), ("max-age=1", 60), ("no-store", 60), (nil, 3600),
        ] as [(String?, Int64)])
    func `JWKS-06 the keys are fresh as long as HTTP says, at most a day`(cacheControl: String?, seconds: Int64) throws {
        var keys = try found(cacheControl: cacheControl)
        #expect(try has("k1", asked(&keys, at: seconds - 1)))
        #expect(try isSend(asked(&keys, at: seconds)))
    }

    @Test func `JWKS-06 a key that is missing in the new set is dropped`() throws {
        var keys = try found()
        _ = try asked(&keys, at: 600)
        _ = keys.receive(document("k2"), now: 601, wall: now)
        #expect(try !has("k1", asked(&keys, at: 602)))
        #expect(try has("k2", asked(&keys, at: 602)))
    }

    @Test func `JWKS-02 an unknown key fetches the keys again, at most once a minute`() throws {
        var keys = try found()
        let isWorthIt = keys.invalidate(now: 1)
        #expect(isWorthIt)
        #expect(try isSend(asked(&keys, at: 1)))
        let isWorthWaiting = keys.invalidate(now: 1)
        #expect(isWorthWaiting, "who lacks a key while they are on their way may wait")
        _ = keys.receive(document("k2"), now: 2, wall: now)
        #expect(try has("k2", asked(&keys, at: 2)))
        for second in [2, 60] as [Int64] {
            let isWorthMore = keys.invalidate(now: second)
            #expect(!isWorthMore)
            #expect(try has("k2", asked(&keys, at: second)))
        }
        let isWorthItAgain = keys.invalidate(now: 61)
        #expect(isWorthItAgain)
        #expect(try isSend(asked(&keys, at: 61)))
    }

    @Test(arguments: [answer(503), answer(404), answer(200, "{}"), answer(200, "x"), answer(302), fault(.unreachable, unsent: true)])
    func `the previous keys stay in use for a day if fetching fails`(result: EndpointResult) throws {
        var keys = try found()
        _ = try asked(&keys, at: 600)
        #expect(throws: Never.self) { try keys.receive(result, now: 601, wall: now).get() }
        #expect(try has("k1", asked(&keys, at: 900)))
        #expect(try isSend(asked(&keys, at: 901)))
        #expect(throws: Never.self) { try keys.receive(result, now: 86_399, wall: now).get() }
        _ = try asked(&keys, at: 90_000)
        #expect(throws: ExchangeFailure.self) { try keys.receive(result, now: 90_001, wall: now).get() }
    }

    @Test(
        arguments: [
            (answer(503, retryAfter: "9"), .answered(retryAfter: 9)), (answer(404), .silent), (answer(302), .silent),
            (answer(200, #"{"keys":7}"#), .answered(retryAfter: nil)), (answer(200, "<html>"), .answered(retryAfter: nil)),
            (fault(.unreachable, unsent: true), .unsent), (fault(.broken, unsent: false), .unsent), (fault(.tooLarge, unsent: false), .unsent),
        ] as [(EndpointResult, ExchangeFailure.Law)])
    func `JWKS-01 a failure is reported, and the next caller starts a new request`(result: EndpointResult, law: ExchangeFailure.Law) throws {
        var keys = JWKSCache()
        _ = try asked(&keys, at: 0)
        let failure = try #require(keys.receive(result, now: 1, wall: now).failure)
        #expect(failure.law == law)
        #expect(failure.text.contains("keys") || failure.text.contains("jwks"))
        #expect(try isSend(asked(&keys, at: 2)))
    }

    @Test func `keys of another URL are not used`() throws {
        var keys = try found()
        #expect(try isSend(asked(&keys, at: 1, "https://orchid.my.erp.net/other")))
        #expect(keys.receive(answer(503), now: 2, wall: now).failure != nil)
    }

    @Test func `an unexpected response does no harm`() throws {
        var none = JWKSCache()
        #expect(none.receive(document("k1"), now: 0, wall: now).failure != nil)
        var keys = try found()
        #expect(try keys.receive(document("k2"), now: 1, wall: now).get().keys(named: "k1").count == 1)
    }
}
