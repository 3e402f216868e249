internal import COpenSSL
package import Secrets

/// Bytes that nobody can guess, from OpenSSL's generator (RAND_bytes(3)). For what is not secret: nonces, ids, jitter.
package func randomBytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: max(count, 0)) { room, filled in
        fillWithRandomBytes(UnsafeMutableRawBufferPointer(start: room.baseAddress, count: max(count, 0)))
        filled = max(count, 0)
    }
}

/// 64 random bits.
package func randomUInt64() -> UInt64 {
    var number: UInt64 = 0
    withUnsafeMutableBytes(of: &number) { fillWithRandomBytes($0) }
    return number
}

extension Secret {
    /// Random bytes that are themselves a secret: a verifier, a key.
    package init(random count: Int) {
        self.init(capacity: max(count, 0)) { room in
            fillWithRandomBytes(room)
            return room.count
        }
    }
}

/// Fills it whole. OpenSSL's generator fails only when its configuration file leaves it without one; then the kernel's is asked.
private func fillWithRandomBytes(_ room: UnsafeMutableRawBufferPointer) {
    guard let base = room.baseAddress, room.count > 0 else { return }
    // raw bytes are of no type, so that these, which OpenSSL asks for, can be assumed
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    if room.count <= Int(Int32.max), RAND_bytes(bytes, Int32(room.count)) == 1 { return }
    ERR_clear_error()
    var kernel = SystemRandomNumberGenerator()
    for index in room.indices { room[index] = UInt8.random(in: .min ... .max, using: &kernel) }
}
