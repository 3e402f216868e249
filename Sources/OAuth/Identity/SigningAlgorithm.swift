/// The supported algorithms of ID tokens, by their names in RFC 7518 section 3.1 and RFC 8037. All use a private key. `none` is not among them, and
/// neither is HMAC.
package enum SigningAlgorithm: String, Hashable, Sendable, CaseIterable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    /// Ed25519
    case edDSA = "EdDSA"

    /// The hash for `at_hash`, `c_hash` and `s_hash` (OpenID Connect Core 1.0 section 3.1.3.6).
    package var hash: HashAlgorithm {
        switch self {
        case .rs256, .ps256, .es256: .sha256
        case .rs384, .ps384, .es384: .sha384
        case .rs512, .ps512, .es512, .edDSA: .sha512
        }
    }

    /// Whether the key has the type and the curve of this algorithm (RFC 8725 section 3.1).
    func fits(_ key: PublicKey) -> Bool {
        switch (self, key) {
        case (.rs256, .rsa), (.rs384, .rsa), (.rs512, .rsa), (.ps256, .rsa), (.ps384, .rsa), (.ps512, .rsa): true
        case (.es256, .ec(.p256, _, _)), (.es384, .ec(.p384, _, _)), (.es512, .ec(.p521, _, _)), (.edDSA, .ed25519): true
        case (_, .rsa), (_, .ec), (_, .ed25519): false
        }
    }
}

package enum HashAlgorithm: Hashable, Sendable { case sha256, sha384, sha512 }

/// A public key as its numbers, big-endian.
package enum PublicKey: Hashable, Sendable {
    package enum Curve: String, Hashable, Sendable, CaseIterable {
        case p256 = "P-256"
        case p384 = "P-384"
        case p521 = "P-521"

        /// The size of a coordinate in bytes.
        package var width: Int {
            switch self {
            case .p256: 32
            case .p384: 48
            case .p521: 66
            }
        }
    }

    /// 2048 to 16,384 bits, without leading zero bytes
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// the coordinates have the width of the curve; the point may be off the curve
    case ec(Curve, x: [UInt8], y: [UInt8])
    case ed25519([UInt8])
}
