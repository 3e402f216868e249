internal import COpenSSL

/// An operation of OpenSSL failed. The description names the operation and contains none of its data.
package struct OpenSSLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Creates OpenSSL's secure heap (CRYPTO_secure_malloc_init(3)): 256 KiB of locked memory between guard pages, which is never swapped. OpenSSL itself
/// stores private keys there once it exists. Call it once, before any key is loaded.
///
/// Throws if the process may not lock that much memory (`LimitMEMLOCK=`).
package func initialiseSecureHeap() throws(OpenSSLError) {
    guard CRYPTO_secure_malloc_initialized() == 0 else { return }
    switch CRYPTO_secure_malloc_init(256 << 10, 32) {
    case 1: return
    case 2:
        CRYPTO_secure_malloc_done()
        throw OpenSSLError(description: "cannot lock the memory for secrets; set LimitMEMLOCK=8M or more")
    default: throw OpenSSLError(description: "cannot reserve the memory for secrets")
    }
}

/// The number of bytes in use; 0 if there is no secure heap.
package func secureHeapUsed() -> Int { Int(CRYPTO_secure_used()) }
