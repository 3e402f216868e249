internal import COpenSSL
package import Secrets

/// Why sealed data cannot be opened. The error reveals nothing about the plaintext.
package enum UnsealError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The data was never sealed, or its beginning is missing.
    case notSealed
    /// A later version of tokend sealed it.
    case format(UInt8)
    /// It is sealed with another key, which this id names.
    case otherKey(SealingKey.ID)
    /// It is sealed with this key and was modified since, or it is sealed for another purpose.
    case damaged

    package var description: String {
        switch self {
        case .notSealed: "it is not sealed"
        case .format(let version): "it is sealed in format \(version), which this version of tokend does not know"
        case .otherKey(let id): "it is sealed with a key that is not here (key \(id))"
        case .damaged: "it is damaged"
        }
    }
}

/// A 32-byte key that encrypts and decrypts records. A sealed record has this layout:
///
///     "SEAL" │ format 1 │ key id 8 │ salt 32 │ nonce 12 │ ciphertext │ tag 16
///
/// The record is encrypted with AES-256-GCM. HKDF with SHA-256 derives the key of each record from this key and the random salt, so no key is used
/// twice with the same nonce, however many records are sealed. The tag authenticates the header and the context. The same context must be given to
/// open the record.
///
/// The key is stored in the secure heap if there is one (`initialiseSecureHeap`).
// @unchecked: the bytes never change between init and deinit
package final class SealingKey: @unchecked Sendable {
    /// Identifies a key without revealing anything about it.
    package struct ID: Hashable, Sendable, CustomStringConvertible {
        package let bits: UInt64

        package var description: String { Fingerprint(bits: bits).description }
    }

    package static let length = AES256GCM.keyLength
    /// The number of bytes that sealing adds.
    package static let overhead = headerLength + AES256GCM.tagLength

    private static let magic: [UInt8] = Array("SEAL".utf8)
    private static let format: UInt8 = 1
    private static let saltLength = 32
    private static let headerLength = magic.count + 1 + 8 + saltLength + AES256GCM.nonceLength

    package let id: ID
    private let base: UnsafeMutableRawPointer

    /// Copies the key. Throws if its length is not 32 bytes, or if OpenSSL has no SHA-256.
    package init(_ key: Secret) throws(OpenSSLError) {
        guard key.count == Self.length else { throw OpenSSLError(description: "a sealing key has \(Self.length) bytes, not \(key.count)") }
        let name = try key.derived(8, salt: [], info: Array("tokend key id".utf8))
        guard let room = CRYPTO_secure_malloc(Self.length, #file, #line) else {
            throw OpenSSLError(description: "the memory for secrets is full")
        }
        id = ID(bits: name.withBytes { $0.reduce(0) { $0 << 8 | UInt64($1) } })
        base = room
        key.withBytes { UnsafeMutableRawBufferPointer(start: room, count: Self.length).copyMemory(from: $0) }
    }

    /// A new random key.
    package convenience init() throws(OpenSSLError) { try self.init(Secret(random: Self.length)) }

    deinit { CRYPTO_secure_clear_free(base, Self.length, #file, #line) }

    package func seal(_ plain: Secret, for context: [UInt8]) throws(OpenSSLError) -> [UInt8] {
        let idBytes = withUnsafeBytes(of: id.bits.bigEndian) { Array($0) }
        let header = Self.magic + [Self.format] + idBytes + randomBytes(Self.saltLength + AES256GCM.nonceLength)
        guard let sealed = try cipher(header)?.seal(plain, context: header + context) else {
            throw OpenSSLError(description: "cannot seal (AES-256-GCM)")
        }
        return header + sealed
    }

    package func open(_ sealed: UnsafeRawBufferPointer, for context: [UInt8]) throws(UnsealError) -> Secret {
        let id = try Self.keyID(of: sealed)
        guard id == self.id else { throw .otherKey(id) }
        let header = Array(sealed.prefix(Self.headerLength))
        guard let plain = try? cipher(header)?.open(UnsafeRawBufferPointer(rebasing: sealed[Self.headerLength...]), context: header + context)
        else { throw .damaged }
        return plain
    }

    /// The id of the key that opens the record.
    package static func keyID(of sealed: UnsafeRawBufferPointer) throws(UnsealError) -> ID {
        guard sealed.starts(with: magic), sealed.count > magic.count else { throw .notSealed }
        guard sealed[magic.count] == format else { throw .format(sealed[magic.count]) }
        guard sealed.count >= overhead else { throw .damaged }
        return ID(bits: sealed[(magic.count + 1)...].prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    private func cipher(_ header: [UInt8]) throws(OpenSSLError) -> AES256GCM? {
        let nonce = header.suffix(AES256GCM.nonceLength)
        let salt = Array(header.dropLast(AES256GCM.nonceLength).suffix(Self.saltLength))
        let key = try derive(
            Self.length, from: UnsafeRawBufferPointer(start: base, count: Self.length), salt: salt, info: Array("tokend seal".utf8))
        return AES256GCM(key: key, nonce: nonce)
    }
}
