internal import CShims

/// Bytes still being collected that may hold a secret: a request body, a reply, a response as it arrives.
///
/// Grows by doubling; every block it leaves behind is overwritten first. Not `Sendable`: one owner fills it.
package final class SecretBuffer {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Number of bytes collected so far.
    package private(set) var count = 0

    package init(capacity: Int = 256) {
        self.capacity = max(capacity, 16)
        base = .allocate(byteCount: self.capacity, alignment: 8)
    }

    deinit {
        tokend_wipe(base, capacity)
        base.deallocate()
    }

    package func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        (base + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    package func append(_ secret: Secret) { secret.withBytes { append($0) } }

    package func append(_ byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    package func append(_ text: StaticString) {
        append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package func append(text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Lends what was collected; valid only inside `body`.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Drops the first `number` bytes and overwrites the room they leave.
    package func removeFirst(_ number: Int) {
        let kept = count - min(max(number, 0), count)
        base.copyMemory(from: base + (count - kept), byteCount: kept)
        tokend_wipe(base + kept, count - kept)
        count = kept
    }

    /// Forgets and overwrites everything; keeps the room, unless it is very much.
    package func removeAll() {
        tokend_wipe(base, count)
        count = 0
        guard capacity > Self.maximumRetainedCapacity else { return }
        base.deallocate()
        capacity = Self.maximumRetainedCapacity
        base = .allocate(byteCount: capacity, alignment: 8)
    }

    private static let maximumRetainedCapacity = 256 * 1024

    /// What was collected, as a secret. The buffer keeps its own copy until it is emptied or released.
    package func secret() -> Secret { withBytes { Secret(copying: $0) } }

    private func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        let wider = max(capacity * 2, count + more)
        let next = UnsafeMutableRawPointer.allocate(byteCount: wider, alignment: 8)
        next.copyMemory(from: base, byteCount: count)
        tokend_wipe(base, capacity)
        base.deallocate()
        base = next
        capacity = wider
    }
}
