internal import Keys

extension JWT {
    /// What may be wrong with a token besides its claims.
    package enum Flaw: String, CaseIterable, Sendable {
        case none
        /// A bit of the signature is wrong.
        case brokenSignature = "broken-signature"
        /// Nothing after the last dot.
        case noSignature = "no-signature"
        /// `"alg":"none"`, and no signature.
        case algNone = "alg-none"
        /// `"alg":"HS256"`, the secret being the public key's PEM file.
        case hs256 = "hs256"
        /// Another key signed it, under the `kid` of the right one.
        case wrongKey = "wrong-key"
        /// The right key signed it, under a `kid` that nobody published.
        case wrongKid = "wrong-kid"
        case noKid = "no-kid"
        /// `"typ":"at+jwt"`, as if it were an access token.
        case wrongTyp = "wrong-typ"
        case noTyp = "no-typ"
    }

    /// A key that belongs to nobody.
    private static let stranger = Result { try RSAKey.generate() }

    /// An ID token, or what a forger would make of it.
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
