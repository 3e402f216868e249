internal import CShims
internal import Glibc

/// Bytes that must not leak: a token, a client secret, a request body that holds one.
///
/// The bytes are fixed once made, overwritten when the last reference goes, compared in constant time, and never
/// part of any printout: `description`, `debugDescription` and `Mirror` all say `<secret>`.
package struct Secret: Sendable {
    private let storage: SecretStorage

    /// Copies the bytes. The caller still owns, and should wipe, the original.
    package init(copying bytes: UnsafeRawBufferPointer) {
        storage = SecretStorage(capacity: bytes.count)
        if let source = bytes.baseAddress, bytes.count > 0 {
            storage.base.copyMemory(from: source, byteCount: bytes.count)
        }
        storage.count = bytes.count
    }

    /// Makes room for `capacity` bytes, lets `fill` write them and return how many it wrote.
    package init(capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows {
        let room = SecretStorage(capacity: capacity)
        let written = try fill(UnsafeMutableRawBufferPointer(start: room.base, count: capacity))
        room.count = min(max(written, 0), capacity)
        // much room for few bytes is not kept
        storage = room.count > capacity / 2 ? room : SecretStorage(copying: room)
    }

    /// The UTF-8 of a text. For text that is not secret in itself, such as a test's, or on its way into a `Secret`.
    package init(_ text: String) {
        var text = text
        self = text.withUTF8 { Secret(copying: UnsafeRawBufferPointer($0)) }
    }

    /// Number of bytes.
    package var count: Int { storage.count }
    package var isEmpty: Bool { storage.count == 0 }

    /// Lends the bytes. They are valid only inside `body`; do not copy them into anything that is not wiped.
    @inline(__always)
    package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    /// A part of the bytes as a secret of its own.
    package subscript(range: Range<Int>) -> Secret {
        withBytes { Secret(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

extension Secret: Hashable {
    /// Constant time in the content; only the length can be learned from how long it takes.
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

    /// Only the length goes in: a hash of a secret's bytes would be a secret too.
    package func hash(into hasher: inout Hasher) { hasher.combine(count) }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The one owner of a secret's memory.
// @unchecked: `base` and `count` are set before the first share and never change after it.
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
