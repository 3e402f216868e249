internal import COpenSSL

/// SHA-384 (FIPS 180-4), 48 bytes.
package func sha384(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 48) { room, count in
        tokend_sha384(bytes.baseAddress, bytes.count, room.baseAddress)
        count = 48
    }
}

/// SHA-512 (FIPS 180-4), 64 bytes.
package func sha512(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 64) { room, count in
        tokend_sha512(bytes.baseAddress, bytes.count, room.baseAddress)
        count = 64
    }
}
