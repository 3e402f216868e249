internal import Codecs
@testable internal import OAuth
internal import OpenSSL
internal import Secrets
@testable internal import TokenDaemon

extension Door {
    /// An ID token: header, claims and the server's keys as lines of JSON, so that what lies behind base64 is reached; then the same bytes as
    /// a token themselves.
    static let jwt = Door(name: "jwt") { bytes in
        var input = Input(bytes)
        let (nonce, hashes) = (input.choice(3), input.byte())
        let (header, claims, keys) = (input.part(upTo: 0x0A), input.part(upTo: 0x0A), input.part(upTo: 0x0A))
        let token = [header, claims, input.rest].map { base64URL($0) }.joined(separator: ".")
        _ = try? IDToken(Secret(copying: bytes))
        checkDecoding(Secret(copying: bytes))
        guard let parsed = try? IDToken(Secret(token)) else { return }
        var expectation = IDTokenExpectation(
            issuer: "https://id.example.com", clientID: "app",
            nonce: [.sent(Secret("n-0S6")), .original(Secret("n-0S6")), .original(nil)][nonce])
        expectation.otherAudiences = ["api"]
        if hashes & 1 != 0 { expectation.code = Secret("code") }
        if hashes & 2 != 0 { expectation.accessToken = Secret("token") }
        if hashes & 4 != 0 { expectation.maxAge = 3600 }
        if hashes & 8 != 0 { expectation.subject = "carol" }
        if hashes & 16 != 0 { expectation.needsCodeHash = true }
        if hashes & 32 != 0 { expectation.earliest = now - 100 }
        guard case .success(let document) = JSONObject.read(Secret(copying: keys)), let set = JWKSet(document) else { return }
        believe(parsed, by: set, expectation)
    }

    /// The server's keys, as far as OpenSSL: a key set as a line of JSON, then a signature.
    static let keys = Door(name: "keys") { bytes in
        var input = Input(bytes)
        let algorithm = SigningAlgorithm.allCases[input.choice(SigningAlgorithm.allCases.count)].rawValue
        let isNamed = input.byte() % 2 == 1
        guard case .success(let document) = JSONObject.read(Secret(copying: input.part(upTo: 0x0A))), let set = JWKSet(document) else { return }
        let header = isNamed ? "{\"alg\":\"\(algorithm)\",\"kid\":\"k1\"}" : "{\"alg\":\"\(algorithm)\"}"
        let token = [header, "{}"].map { Secret($0).withBytes { base64URL($0) } } + [base64URL(input.rest)]
        guard let parsed = try? IDToken(Secret(token.joined(separator: "."))),
            case .check(let check)? = try? parsed.signature(by: set, allowing: SigningAlgorithm.allCases.map(\.rawValue))
        else { return }
        _ = check.isRight
    }
}

private let now: Int64 = 1_790_000_000

private func believe(_ token: IDToken, by keys: JWKSet, _ expectation: IDTokenExpectation) {
    do throws(IDTokenProblem) {
        guard case .check(let check) = try token.signature(by: keys, allowing: ["RS256", "ES256", "EdDSA"]) else { return }
        let signed = try check.result(isValid: true)
        let identity = try expectation.identity(in: signed, now: now) { hash, secret in secret.withBytes { hash.digest($0) } }
        must(identity.issuer == expectation.issuer, "the issuer is the expected one")
        must((1...255).contains(identity.subject.utf8.count) && identity.subject.isPrintableASCII, "a subject is printable ASCII of 1 to 255 bytes")
        must(expectation.subject == nil || identity.subject == expectation.subject, "the subject is the expected one")
        must(identity.expires + expectation.leeway > now, "no token is believed after its end")
        for text in [identity.name, identity.email, identity.preferredUsername].compactMap(\.self) { must(text.isPlain, "a name has no control characters") }
    } catch {
        must("\(error)".isPlain && "\(error)".utf8.count < 400, "why an ID token is not believed is one short line")
    }
}

/// RFC 4648 section 5: each text that is taken is the only one for its bytes.
private func checkDecoding(_ text: Secret) {
    guard let decoded = text.base64urlDecoded else { return }
    must(Secret(decoded.withBytes { base64URL($0) }) == text, "two texts for the same bytes are not both taken")
}

func base64URL(_ bytes: UnsafeRawBufferPointer) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    var (held, count): (UInt32, UInt32) = (0, 0)
    for byte in bytes {
        (held, count) = (held << 8 | UInt32(byte), count + 8)
        while count >= 6 {
            count -= 6
            text.append(digits[Int(held >> count & 63)])
        }
        held &= (1 << count) - 1
    }
    if count > 0 { text.append(digits[Int(held << (6 - count) & 63)]) }
    return String(decoding: text, as: UTF8.self)
}
