/// The algorithm of a JSON Web Signature, by its name in RFC 7518 section 3.1 and RFC 8037.
package enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
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

    /// OpenSSL's name of the hash. `nil` for Ed25519, which has a fixed hash.
    var digest: String? {
        switch self {
        case .rs256, .ps256, .es256: "SHA256"
        case .rs384, .ps384, .es384: "SHA384"
        case .rs512, .ps512, .es512: "SHA512"
        case .edDSA: nil
        }
    }

    /// Whether it is RSASSA-PSS. The mask function uses the same hash, and the salt is as long as the hash (RFC 7518 section 3.5).
    var isPSS: Bool {
        switch self {
        case .ps256, .ps384, .ps512: true
        case .rs256, .rs384, .rs512, .es256, .es384, .es512, .edDSA: false
        }
    }

    /// Whether the key has the type and the curve of this algorithm.
    func fits(_ key: VerificationKey) -> Bool {
        switch (self, key) {
        case (.rs256, .rsa), (.rs384, .rsa), (.rs512, .rsa), (.ps256, .rsa), (.ps384, .rsa), (.ps512, .rsa): true
        case (.es256, .ec(.p256, _, _)), (.es384, .ec(.p384, _, _)), (.es512, .ec(.p521, _, _)), (.edDSA, .ed25519): true
        case (_, .rsa), (_, .ec), (_, .ed25519): false
        }
    }
}

/// A public key as its numbers, big-endian.
package enum VerificationKey: Hashable, Sendable {
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// The coordinates have the width of the curve.
    case ec(EllipticCurve, x: [UInt8], y: [UInt8])
    case ed25519([UInt8])
}

package enum EllipticCurve: String, Hashable, Sendable, CaseIterable {
    case p256 = "P-256"
    case p384 = "P-384"
    case p521 = "P-521"

    /// The size of a coordinate in bytes, which is also that of each half of a signature.
    var width: Int {
        switch self {
        case .p256: 32
        case .p384: 48
        case .p521: 66
        }
    }
}
