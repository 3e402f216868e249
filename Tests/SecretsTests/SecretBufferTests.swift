import Glibc
import Secrets
import Testing

@Suite struct SecretBufferTests {
    private func text(_ buffer: SecretBuffer) -> String { buffer.withBytes { String(decoding: $0, as: UTF8.self) } }

    /// The memory of the buffer, including unused capacity. Valid as long as the buffer exists and does not grow.
    private func room(of buffer: SecretBuffer, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: buffer.withBytes { $0.baseAddress }, count: count)
    }

    @Test func `appended bytes keep their order while the buffer grows`() {
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

    @Test func `emptying a buffer overwrites its content`() {
        let buffer = SecretBuffer(capacity: 64)
        buffer.append(text: String(repeating: "S", count: 64))
        buffer.removeAll()
        #expect(buffer.count == 0)
        #expect(room(of: buffer, 64).allSatisfy { $0 == 0 })
        buffer.append(text: "next")
        #expect(text(buffer) == "next")
        #expect(room(of: buffer, 64)[4...].allSatisfy { $0 == 0 })
    }

    /// As for `Secret`: malloc(3) returns the freed block again, and the test searches for the pattern of 16 bytes.
    @Test(arguments: [true, false]) func `SEC-04 a buffer overwrites its memory when it grows and when it is released`(_ grows: Bool) throws {
        try expectOverwritten { size, pattern in
            var buffer: SecretBuffer? = SecretBuffer(capacity: size)
            for index in 0..<size { buffer?.append(pattern[index % pattern.count]) }
            let address = buffer?.withBytes { UInt(bitPattern: $0.baseAddress) }
            if grows { buffer?.append(1) } else { buffer = nil }
            return (address, buffer)
        }
    }

    @Test(arguments: [(0, "abcdef"), (2, "cdef"), (5, "f"), (6, ""), (9, ""), (-1, "abcdef")])
    func `removing bytes from the front overwrites them`(_ number: Int, _ rest: String) {
        let buffer = SecretBuffer(capacity: 16)
        buffer.append(text: "abcdef")
        buffer.removeFirst(number)
        #expect(text(buffer) == rest)
        #expect(room(of: buffer, 6)[rest.utf8.count...].allSatisfy { $0 == 0 })
    }

    @Test func `a secret that was copied from a buffer is unaffected by emptying it`() {
        let buffer = SecretBuffer()
        buffer.append(text: "kept")
        let secret = buffer.secret()
        buffer.removeAll()
        #expect(secret == Secret("kept"))
        #expect(buffer.secret().isEmpty)
    }
}
