internal import CShims
internal import Glibc

/// Bytes that must not leak: a token, a client secret, a request body that contains one.
///
/// The bytes are immutable. They are overwritten when the last reference is released, and compared in constant time. `description`,
/// `debugDescription` and `Mirror` all show `<secret>`.
package struct Secret: Sendable {
    private let storage: SecretStorage

    /// Copies the bytes. The caller still owns the original and should wipe it.
    package init(copying bytes: UnsafeRawBufferPointer) {
        storage = SecretStorage(capacity: bytes.count)
        if let source = bytes.baseAddress, bytes.count > 0 {
            storage.base.copyMemory(from: source, byteCount: bytes.count)
        }
        storage.count = bytes.count
    }

    /// Allocates `capacity` bytes. `fill` writes into them and returns the number of bytes written.
    package init(capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
        let room = SecretStorage(capacity: capacity)
        let written = try fill(UnsafeMutableRawBufferPointer(start: room.base, count: capacity))
        room.count = min(max(written, 0), capacity)
        // a small secret does not keep a large allocation
        storage = room.count > capacity / 2 ? room : SecretStorage(copying: room)
    }

    /// The UTF-8 bytes of a text. The `String` itself is not wiped: for texts that are not secret, and for tests.
    package init(_ text: String) {
        var text = text
        self = text.withUTF8 { Secret(copying: UnsafeRawBufferPointer($0)) }
    }

    /// The size in bytes.
    package var count: Int { storage.count }
    package var isEmpty: Bool { storage.count == 0 }

    /// Calls `body` with the bytes. The pointer is valid inside `body` only. Copy the bytes only into memory that is wiped.
    @inline(__always)
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    /// A copy of a part of the bytes.
    package subscript(range: Range<Int>) -> Secret {
        withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension Secret: Hashable {
    /// Compares the content in constant time. Only the length affects the duration.
    package static func == (a: Secret, b: Secret) -> Bool {
        guard a.count == b.count else { return false }
        return a.withBytes { x in
            b.withBytes { y in
                var difference: UInt8 = 0
                for i in 0..<x.count { difference |= x[i] ^ y[i] }
                return difference == 0
            }
        }
    }

    /// Hashes the length only: a hash of the content would reveal information about it.
    package func hash(into hasher: inout Hasher) { hasher.combine(count) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Owns the memory of a secret and wipes it.
// @unchecked: `base` and `count` are set before the object is shared, and never change afterwards.
private final class SecretStorage: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let capacity: Int
    var count = 0

    init(capacity: Int) {
        self.capacity = max(capacity, 1)
        base = .allocate(byteCount: self.capacity, alignment: 8)
    }

    convenience init(copying other: SecretStorage) {
        self.init(capacity: other.count)
        base.copyMemory(from: other.base, byteCount: other.count)
        count = other.count
    }

    deinit {
        tokend_wipe(base, capacity)
        base.deallocate()
    }
}
