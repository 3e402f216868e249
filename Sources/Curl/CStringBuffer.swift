/// A C string at a fixed address, for libcurl options that keep the pointer.
final class CStringBuffer {
    let pointer: UnsafeMutablePointer<CChar>

    init(_ text: String) {
        let bytes = text.utf8CString
        pointer = .allocate(capacity: bytes.count)
        bytes.withUnsafeBufferPointer { _ = UnsafeMutableBufferPointer(start: pointer, count: bytes.count).initialize(from: $0) }
    }

    deinit { pointer.deallocate() }
}
