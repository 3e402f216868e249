internal import CShims

/// A growing buffer for bytes that may be secret: a request body, a reply, a response that is being received.
///
/// The capacity doubles when needed, and the old block is overwritten before it is freed. Not `Sendable`: one owner fills it.
package final class SecretBuffer {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// The number of bytes appended so far.
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

    /// Calls `body` with the content. The pointer is valid inside `body` only.
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Removes the first `number` bytes and overwrites the space that becomes free.
    package func removeFirst(_ number: Int) {
        let kept = count - min(max(number, 0), count)
        base.copyMemory(from: base + (count - kept), byteCount: kept)
        tokend_wipe(base + kept, count - kept)
        count = kept
    }

    /// Removes and overwrites all bytes. Keeps the allocation up to `maximumRetainedCapacity`.
    package func removeAll() {
        tokend_wipe(base, count)
        count = 0
        guard capacity > Self.maximumRetainedCapacity else { return }
        base.deallocate()
        capacity = Self.maximumRetainedCapacity
        base = .allocate(byteCount: capacity, alignment: 8)
    }

    private static let maximumRetainedCapacity = 256 * 1024

    /// A copy of the content as a `Secret`. The buffer keeps its own content.
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
