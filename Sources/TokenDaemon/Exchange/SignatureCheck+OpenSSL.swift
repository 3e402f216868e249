internal import OAuth
internal import OpenSSL

extension SignatureCheck {
    /// Whether OpenSSL finds that one of the keys made the signature. A key or an algorithm that it cannot work with made none.
    var isRight: Bool {
        guard let algorithm = SignatureAlgorithm(rawValue: algorithm.rawValue) else { return false }
        return keys.contains { key in (try? isSignature(signature, of: signedPart, by: VerificationKey(key), algorithm)) ?? false }
    }
}

extension VerificationKey {
    fileprivate init(_ key: PublicKey) {
        self =
            switch key {
            case .rsa(let modulus, let exponent): .rsa(modulus: modulus, exponent: exponent)
            case .ec(.p256, let x, let y): .ec(.p256, x: x, y: y)
            case .ec(.p384, let x, let y): .ec(.p384, x: x, y: y)
            case .ec(.p521, let x, let y): .ec(.p521, x: x, y: y)
            case .ed25519(let bytes): .ed25519(bytes)
            }
    }
}

extension HashAlgorithm {
    func digest(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        switch self {
        case .sha256: OpenSSL.sha256(bytes)
        case .sha384: OpenSSL.sha384(bytes)
        case .sha512: OpenSSL.sha512(bytes)
        }
    }
}
