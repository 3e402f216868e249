internal import COpenSSL

/// OpenSSL could not do something. Says what; nothing of what was worked on.
package struct OpenSSLError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
}

/// The memory for long-lived secrets that is locked, never swapped, and surrounded by guard pages (CRYPTO_secure_malloc_init(3)).
/// OpenSSL puts private keys there by itself once it exists. Once for the process, before any key is loaded.
///
/// 256 KiB; fails if that much memory may not be locked: `LimitMEMLOCK=` must allow it.
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

/// Bytes of it that are taken; 0 without one.
package func secureHeapUsed() -> Int { Int(CRYPTO_secure_used()) }
