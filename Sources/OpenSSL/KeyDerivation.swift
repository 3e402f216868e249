internal import COpenSSL
package import Secrets

extension Secret {
    /// HKDF with SHA-256 (RFC 5869): derives a key of `count` bytes (at most 8,160) for the purpose `info`. The key reveals neither this secret nor
    /// the key of another purpose.
    package func derived(_ count: Int, salt: [UInt8], info: [UInt8]) throws(OpenSSLError) -> Secret {
        try withBytes { key in Result { () throws(OpenSSLError) in try derive(count, from: key, salt: salt, info: info) } }.get()
    }
}

/// As `Secret.derived`, without a copy of the input key.
func derive(_ count: Int, from key: UnsafeRawBufferPointer, salt: [UInt8], info: [UInt8]) throws(OpenSSLError) -> Secret {
    ERR_clear_error()
    defer { ERR_clear_error() }
    var isDone = false
    let output = Secret(capacity: max(count, 0)) { room in
        isDone = tokend_hkdf(key.baseAddress, key.count, salt, salt.count, info, info.count, room.baseAddress, room.count) == 1
        return room.count
    }
    guard isDone else { throw OpenSSLError(description: "cannot derive a key (HKDF with SHA-256)") }
    return output
}
