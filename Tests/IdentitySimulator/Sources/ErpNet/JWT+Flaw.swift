internal import Keys

extension JWT {
    /// A defect of a token other than its claims.
    package enum Flaw: String, CaseIterable, Sendable {
        case none
        /// One bit of the signature is wrong.
        case brokenSignature = "broken-signature"
        /// The signature is empty.
        case noSignature = "no-signature"
        /// `"alg":"none"` and no signature.
        case algNone = "alg-none"
        /// `"alg":"HS256"` with the PEM file of the public key as the secret.
        case hs256 = "hs256"
        /// Signed by another key with the `kid` of the right one.
        case wrongKey = "wrong-key"
        /// Signed by the right key with an unpublished `kid`.
        case wrongKid = "wrong-kid"
        case noKid = "no-kid"
        /// `"typ":"at+jwt"`, as in an access token.
        case wrongTyp = "wrong-typ"
        case noTyp = "no-typ"
    }

    /// A key that is never published.
    private static let stranger = Result { try RSAKey.generate() }

    /// An ID token, possibly forged.
    static func idToken(_ claims: JSON, _ flaw: Flaw, with entry: KeyRing.Entry) throws -> String {
        let header: JSON = ["alg": "RS256", "kid": .string(entry.kid), "typ": "JWT"]
        let right: ([UInt8]) throws -> [UInt8] = { try entry.key.sign($0) }
        return switch flaw {
        case .none: try compact(header, claims, signature: right)
        case .brokenSignature: try compact(header, claims) { try broken(right($0)) }
        case .noSignature: compact(header, claims) { _ in [] }
        case .algNone: compact(header.setting("alg", to: "none"), claims) { _ in [] }
        case .hs256: compact(header.setting("alg", to: "HS256"), claims) { hmacSHA256(key: entry.key.publicPEM, $0) }
        case .wrongKey: try compact(header, claims) { try stranger.get().sign($0) }
        case .wrongKid: try compact(header.setting("kid", to: .string(randomHex(bytes: 16))), claims, signature: right)
        case .noKid: try compact(header.removing("kid"), claims, signature: right)
        case .wrongTyp: try compact(header.setting("typ", to: "at+jwt"), claims, signature: right)
        case .noTyp: try compact(header.removing("typ"), claims, signature: right)
        }
    }

    private static func broken(_ signature: [UInt8]) -> [UInt8] {
        var signature = signature
        signature[signature.count / 2] ^= 1
        return signature
    }

    /// `at_hash`, `c_hash` and `s_hash`: the left half of the SHA-256 (OpenID Connect Core 3.1.3.6).
    package static func halfHash(_ text: String) -> String { base64url(Array(sha256(text.utf8).prefix(16))) }
}
