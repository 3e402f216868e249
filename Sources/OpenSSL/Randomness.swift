internal import COpenSSL
package import Secrets

/// Unpredictable bytes from OpenSSL's generator (RAND_bytes(3)) that are not secret: nonces, ids, jitter.
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
    /// Random bytes that are secret: a code verifier, a key.
    package init(random count: Int) {
        self.init(capacity: max(count, 0)) { room in
            fillWithRandomBytes(room)
            return room.count
        }
    }
}

/// Fills the whole buffer. RAND_bytes(3) fails only if OpenSSL's configuration file removes its generator. Then the kernel's generator is used.
private func fillWithRandomBytes(_ room: UnsafeMutableRawBufferPointer) {
    guard let base = room.baseAddress, room.count > 0 else { return }
    // raw memory has no bound type, so it may be assumed to be the bytes that OpenSSL asks for
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    if room.count <= Int(Int32.max), RAND_bytes(bytes, Int32(room.count)) == 1 { return }
    ERR_clear_error()
    var kernel = SystemRandomNumberGenerator()
    for index in room.indices { room[index] = UInt8.random(in: .min ... .max, using: &kernel) }
}
