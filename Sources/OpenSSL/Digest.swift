internal import COpenSSL
package import Secrets

/// SHA-256 (FIPS 180-4), 32 bytes.
package func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { room, count in
        tokend_sha256(bytes.baseAddress, bytes.count, room.baseAddress)
        count = 32
    }
}

package func sha256(_ bytes: [UInt8]) -> [UInt8] { bytes.withUnsafeBytes { sha256($0) } }

extension Fingerprint {
    /// The fingerprint of a token: the first 64 bits of its SHA-256.
    package init(of token: Secret) {
        self.init(digest: token.withBytes { sha256($0) })
    }
}
