internal import COpenSSL
package import Secrets

/// Whether the owner of the key signed the text. `false` also for a signature of the wrong length, a key of another algorithm and numbers out of
/// range.
///
/// Throws if the check cannot be made: the point is not on its curve, or OpenSSL's configuration disables the algorithm.
package func isSignature(
    _ signature: [UInt8], of text: Secret, by key: VerificationKey, _ algorithm: SignatureAlgorithm
) throws(OpenSSLError) -> Bool {
    guard algorithm.fits(key) else { return false }
    ERR_clear_error()
    defer { ERR_clear_error() }
    let handle = try PublicKeyHandle(key)
    let verifier = try Verifier(handle, algorithm)
    guard let signature = key.derEncoded(signature) else { return false }
    return verifier.accepts(signature, of: text)
}

/// Owns an `EVP_PKEY *`.
private final class PublicKeyHandle {
    let pointer: OpaquePointer

    init(_ key: VerificationKey) throws(OpenSSLError) {
        guard let pointer = Self.make(key) else { throw OpenSSLError(description: "the server publishes an invalid key") }
        self.pointer = pointer
    }

    deinit { EVP_PKEY_free(pointer) }

    private static func make(_ key: VerificationKey) -> OpaquePointer? {
        switch key {
        case .rsa(let modulus, let exponent):
            guard modulus.count <= Int(OPENSSL_RSA_MAX_MODULUS_BITS) / 8, exponent.count <= modulus.count else { return nil }
            return tokend_rsa_key(modulus, modulus.count, exponent, exponent.count)
        case .ec(let curve, let x, let y):
            guard x.count == curve.width, y.count == curve.width else { return nil }
            let point = [UInt8(POINT_CONVERSION_UNCOMPRESSED.rawValue)] + x + y
            return tokend_ec_key(curve.rawValue, point, point.count)
        case .ed25519(let bytes):
            return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        }
    }
}

/// Owns the `EVP_MD_CTX *` of one check.
private final class Verifier {
    private let context: OpaquePointer
    private let key: PublicKeyHandle

    init(_ key: PublicKeyHandle, _ algorithm: SignatureAlgorithm) throws(OpenSSLError) {
        guard let context = EVP_MD_CTX_new() else { throw OpenSSLError(description: "no memory for a signature check") }
        self.context = context
        self.key = key
        var parameters: OpaquePointer?
        let isReady =
            EVP_DigestVerifyInit_ex(context, &parameters, algorithm.digest, nil, nil, key.pointer, nil) == 1
            && (!algorithm.isPSS || Self.setPSS(parameters))
        guard isReady else { throw OpenSSLError(description: "OpenSSL cannot check signatures of \(algorithm.rawValue)") }
    }

    deinit { EVP_MD_CTX_free(context) }

    private static func setPSS(_ parameters: OpaquePointer?) -> Bool {
        EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1
            && EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
    }

    func accepts(_ signature: [UInt8], of text: Secret) -> Bool {
        text.withBytes { bytes in
            EVP_DigestVerify(context, signature, signature.count, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count) == 1
        }
    }
}

extension VerificationKey {
    /// The signature in the form that OpenSSL takes. RFC 7518 section 3.4 writes an ECDSA signature as two numbers side by side, OpenSSL as an ASN.1
    /// sequence of them. `nil` for a wrong length.
    fileprivate func derEncoded(_ signature: [UInt8]) -> [UInt8]? {
        switch self {
        case .rsa, .ed25519:
            return signature
        case .ec(let curve, _, _):
            guard signature.count == 2 * curve.width else { return nil }
            let numbers = DER.integer(signature.prefix(curve.width)) + DER.integer(signature.suffix(curve.width))
            return DER.element(0x30, numbers)
        }
    }
}

/// The DER encoding (ITU-T X.690) of two integers.
private enum DER {
    /// A non-negative integer in its shortest form. A leading zero byte is needed only if the highest bit is set.
    static func integer(_ bytes: some Collection<UInt8>) -> [UInt8] {
        let significant = Array(bytes.drop { $0 == 0 })
        return element(0x02, significant.first.map { $0 < 0x80 } == true ? significant : [0] + significant)
    }

    /// `content` has less than 256 bytes.
    static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        (content.count < 0x80 ? [tag, UInt8(content.count)] : [tag, 0x81, UInt8(truncatingIfNeeded: content.count)]) + content
    }
}
