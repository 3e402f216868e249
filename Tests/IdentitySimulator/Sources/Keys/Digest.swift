internal import COpenSSL

/// SHA-256: 32 bytes.
package func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    let input = Array(bytes)
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(input, input.count, &digest, nil, EVP_sha256(), nil)
    return digest
}

/// HMAC with SHA-256 (RFC 2104): 32 bytes.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &code, nil)
    return code
}

/// The fingerprint of a secret in the audit log: the first 16 lower-case hex digits of its SHA-256.
package func fingerprint(_ secret: String) -> String {
    hex(sha256(secret.utf8).prefix(8))
}

/// Two lower-case hex digits per byte.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var text = String.UnicodeScalarView()
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(text)
}

/// Random bytes in upper-case hex: the format of ERP.net's `jti`, `kid`, `sid` and refresh handles.
package func randomHex(bytes count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return hex((0..<count).map { _ in generator.next() as UInt8 }).uppercased()
}
