internal import COpenSSL
package import Secrets

extension Secret {
    /// HKDF with SHA-256 (RFC 5869): `count` bytes of key for one purpose, from which neither this secret nor another purpose's key can be
    /// told. At most 8,160.
    package func derived(_ count: Int, salt: [UInt8], info: [UInt8]) throws(OpenSSLError) -> Secret {
        try withBytes { key in Result { () throws(OpenSSLError) in try derive(count, from: key, salt: salt, info: info) } }.get()
    }
}

/// The same from bytes that stay where they are.
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
