internal import COpenSSL
internal import Secrets

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a 12-byte nonce and a 16-byte tag, for one message with one key.
struct AES256GCM {
    static let keyLength = 32
    static let nonceLength = 12
    static let tagLength = 16

    private let key: Secret
    private let nonce: ArraySlice<UInt8>

    /// `nil` if a length is wrong. Never use a nonce twice with the same key.
    init?(key: Secret, nonce: ArraySlice<UInt8>) {
        guard key.count == Self.keyLength, nonce.count == Self.nonceLength else { return nil }
        self.key = key
        self.nonce = nonce
    }

    /// The ciphertext followed by the tag. The tag also authenticates `context` (additional authenticated data). `nil` if OpenSSL fails.
    func seal(_ plain: Secret, context: [UInt8]) -> [UInt8]? {
        guard let length = Int32(exactly: plain.count) else { return nil }
        var isDone = false
        let sealed = [UInt8](unsafeUninitializedCapacity: plain.count + Self.tagLength) { room, count in
            isDone = withCipher { cipher, key, nonce in
                guard EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, nil) == 1 else { return false }
                var written: Int32 = 0
                guard EVP_EncryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1,
                    plain.withBytes({ EVP_EncryptUpdate(cipher, room.baseAddress, &written, $0.bytes, length) == 1 }),
                    EVP_EncryptFinal_ex(cipher, room.baseAddress.map { $0 + plain.count }, &written) == 1
                else { return false }
                let tag = room.baseAddress.map { $0 + plain.count }
                return EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagLength), tag) == 1
            }
            count = isDone ? plain.count + Self.tagLength : 0
        }
        return isDone ? sealed : nil
    }

    /// The plaintext. `nil` if the ciphertext, the context, the nonce or the key differs from that of `seal`.
    func open(_ sealed: UnsafeRawBufferPointer, context: [UInt8]) -> Secret? {
        let count = sealed.count - Self.tagLength
        guard count >= 0, let length = Int32(exactly: count) else { return nil }
        var isDone = false
        let plain = Secret(capacity: count) { room in
            isDone = withCipher { cipher, key, nonce in
                guard EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key, nonce, nil) == 1 else { return false }
                var written: Int32 = 0
                var tag = Array(sealed[count...])
                return EVP_DecryptUpdate(cipher, nil, &written, context, Int32(context.count)) == 1
                    && EVP_DecryptUpdate(cipher, room.bytes, &written, sealed.bytes, length) == 1
                    && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagLength), &tag) == 1
                    && EVP_DecryptFinal_ex(cipher, room.bytes.map { $0 + count }, &written) == 1
            }
            return count
        }
        // the tag is wrong: the plaintext must not be used, and `Secret` wipes it
        return isDone ? plain : nil
    }

    private func withCipher(_ body: (OpaquePointer, UnsafePointer<UInt8>?, UnsafePointer<UInt8>?) -> Bool) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard let cipher = EVP_CIPHER_CTX_new() else { return false }
        // also overwrites the key schedule
        defer { EVP_CIPHER_CTX_free(cipher) }
        return key.withBytes { key in nonce.withUnsafeBufferPointer { nonce in body(cipher, key.bytes, nonce.baseAddress) } }
    }
}

// raw memory has no bound type, so it may be assumed to be the bytes that OpenSSL asks for
extension UnsafeRawBufferPointer {
    fileprivate var bytes: UnsafePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}

extension UnsafeMutableRawBufferPointer {
    fileprivate var bytes: UnsafeMutablePointer<UInt8>? { baseAddress?.assumingMemoryBound(to: UInt8.self) }
}
