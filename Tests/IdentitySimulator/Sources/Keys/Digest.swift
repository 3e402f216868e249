internal import COpenSSL

/// SHA-256 of some bytes: 32 bytes.
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

/// The form in which the audit log names a secret or a token: the first 16 hex digits, lower case, of its SHA-256.
package func fingerprint(_ secret: String) -> String {
    hex(sha256(secret.utf8).prefix(8))
}

/// Two lower-case hex digits a byte.
package func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".unicodeScalars)
    var text = String.UnicodeScalarView()
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(text)
}

/// As many random bytes, in upper-case hex: the shape of ERP.net's `jti`, `kid`, `sid` and refresh handles.
package func randomHex(bytes count: Int) -> String {
    var generator = SystemRandomNumberGenerator()
    return hex((0..<count).map { _ in generator.next() as UInt8 }).uppercased()
}
