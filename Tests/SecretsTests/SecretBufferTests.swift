import Glibc
import Secrets
import Testing

@Suite struct SecretBufferTests {
    private func text(_ buffer: SecretBuffer) -> String { buffer.withBytes { String(decoding: $0, as: UTF8.self) } }

    /// The buffer's own memory, beyond what it lends: valid as long as it lives and does not grow.
    private func room(of buffer: SecretBuffer, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.withBytes { $0.baseAddress }, count: count)
    }

    @Test func `everything appended comes out in its order, over many growths`() {
        let buffer = SecretBuffer(capacity: 1)
        var expected = ""
        for number in 0..<500 {
            buffer.append(text: "\(number),")
            buffer.append(UInt8(ascii: ";"))
            buffer.append("x" as StaticString)
            buffer.append(Secret("<\(number)>"))
            expected += "\(number),;x<\(number)>"
        }
        #expect(text(buffer) == expected)
        #expect(buffer.count == expected.utf8.count)
        #expect(buffer.secret() == Secret(expected))
    }

    @Test func `an emptied buffer has overwritten what it held`() {
        let buffer = SecretBuffer(capacity: 64)
        buffer.append(text: String(repeating: "S", count: 64))
        buffer.removeAll()
        #expect(buffer.count == 0)
        #expect(room(of: buffer, 64).allSatisfy { $0 == 0 })
        buffer.append(text: "next")
        #expect(text(buffer) == "next")
        #expect(room(of: buffer, 64)[4...].allSatisfy { $0 == 0 })
    }

    /// As for `Secret`: the allocator hands a freed block out again, and the pattern of sixteen bytes is looked for in it.
    @Test(arguments: [true, false]) func `SEC-04 memory that a buffer leaves is overwritten, when it grows and when it goes`(_ grows: Bool) throws {
        try expectOverwritten { size, pattern in
            var buffer: SecretBuffer? = SecretBuffer(capacity: size)
            for index in 0..<size { buffer?.append(pattern[index % pattern.count]) }
            let address = buffer?.withBytes { UInt(bitPattern: $0.baseAddress) }
            if grows { buffer?.append(1) } else { buffer = nil }
            return (address, buffer)
        }
    }

    @Test(arguments: [(0, "abcdef"), (2, "cdef"), (5, "f"), (6, ""), (9, ""), (-1, "abcdef")])
    func `the front can be dropped and leaves nothing behind`(_ number: Int, _ rest: String) {
        let buffer = SecretBuffer(capacity: 16)
        buffer.append(text: "abcdef")
        buffer.removeFirst(number)
        #expect(text(buffer) == rest)
        #expect(room(of: buffer, 6)[rest.utf8.count...].allSatisfy { $0 == 0 })
    }

    @Test func `a secret taken from a buffer survives its emptying`() {
        let buffer = SecretBuffer()
        buffer.append(text: "kept")
        let secret = buffer.secret()
        buffer.removeAll()
        #expect(secret == Secret("kept"))
        #expect(buffer.secret().isEmpty)
    }
}
