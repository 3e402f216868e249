internal import COpenSSL

/// An RSA private key that signs access tokens (RS256).
///
/// `@unchecked Sendable`: OpenSSL counts the references of a key atomically, and the key never changes after `init`.
package final class RSAKey: @unchecked Sendable {
    private let key: OpaquePointer

    private init(owning key: OpaquePointer) { self.key = key }

    deinit { EVP_PKEY_free(key) }

    /// A new 2048-bit key, as ERP.net uses.
    package static func generate() throws -> RSAKey {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else { throw KeyError("no RSA in OpenSSL") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_rsa_keygen_bits(context, 2048) == 1,
            EVP_PKEY_generate(context, &key) == 1, let key
        else { throw KeyError("could not generate an RSA key") }
        return RSAKey(owning: key)
    }

    /// Reads an unencrypted PEM file.
    package static func load(pem path: String) throws -> RSAKey {
        guard let file = BIO_new_file(path, "r") else { throw KeyError("cannot open \"\(path)\"") }
        defer { BIO_free(file) }
        guard let key = PEM_read_bio_PrivateKey(file, nil, nil, nil) else {
            throw KeyError("\"\(path)\" holds no private key; delete it to get a new one")
        }
        return RSAKey(owning: key)
    }

    /// Writes an unencrypted PEM file with the mode of the umask.
    package func save(pem path: String) throws {
        guard let file = BIO_new_file(path, "w") else { throw KeyError("cannot write \"\(path)\"") }
        defer { BIO_free(file) }
        guard PEM_write_bio_PrivateKey(file, key, nil, nil, 0, nil, nil) == 1 else {
            throw KeyError("cannot write \"\(path)\"")
        }
    }

    /// The public half as a PEM file, `BEGIN PUBLIC KEY`.
    package var publicPEM: [UInt8] {
        guard let memory = BIO_new(BIO_s_mem()) else { return [] }
        defer { BIO_free(memory) }
        guard PEM_write_bio_PUBKEY(memory, key) == 1 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = BIO_read(memory, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }

    /// The modulus, big-endian, without leading zeros (`n` of RFC 7518 section 6.3.1).
    package var modulus: [UInt8] { number("n") }

    /// The public exponent, big-endian (`e` of RFC 7518 section 6.3.1).
    package var exponent: [UInt8] { number("e") }

    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
    package func sign(_ message: [UInt8]) throws -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw KeyError("out of memory") }
        defer { EVP_MD_CTX_free(context) }
        var count = Int(EVP_PKEY_get_size(key))
        var signature = [UInt8](repeating: 0, count: count)
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { throw KeyError("OpenSSL refused to sign") }
        return Array(signature.prefix(count))
    }

    /// Whether `signature` is a signature of `message` by this key.
    package func verifies(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let context = EVP_MD_CTX_new() else { return false }
        defer { EVP_MD_CTX_free(context) }
        let valid =
            EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
        ERR_clear_error()
        return valid
    }

    private func number(_ name: String) -> [UInt8] {
        var value: OpaquePointer?
        guard EVP_PKEY_get_bn_param(key, name, &value) == 1, let value else { return [] }
        defer { BN_free(value) }
        var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(value) + 7) / 8)
        BN_bn2bin(value, &bytes)
        return bytes
    }
}

/// A key could not be created, read or used.
package struct KeyError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
