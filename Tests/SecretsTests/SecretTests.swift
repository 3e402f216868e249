import Glibc
import Secrets
import Testing

@Suite struct SecretTests {
    private func text(_ secret: Secret) -> String { secret.withBytes { String(decoding: $0, as: UTF8.self) } }

    @Test(arguments: ["", "a", "a secret with ünicode", String(repeating: "x", count: 70_000)])
    func `a secret keeps exactly the bytes it was given`(_ original: String) {
        let secret = Secret(original)
        #expect(text(secret) == original)
        #expect(secret.count == original.utf8.count)
        #expect(secret.isEmpty == original.isEmpty)
    }

    @Test(arguments: [(0, 0), (3, 3), (8, 8), (9, 8), (-1, 0)])
    func `a filled secret has as many bytes as were written, within its room`(_ written: Int, _ count: Int) {
        let secret = Secret(capacity: 8) { room in
            for index in room.indices { room[index] = UInt8(ascii: "f") }
            return written
        }
        #expect(text(secret) == String(repeating: "f", count: count))
    }

    @Test func `a fill that fails passes its error on`() {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try Secret(capacity: 8) { _ in throw Broken() } }
    }

    @Test func `a part of a secret is a secret of its own`() {
        let part = Secret("Bearer abc")[7..<10]
        #expect(text(part) == "abc")
        #expect(text(Secret("abc")[1..<1]).isEmpty)
    }

    static let pairs: [(String, String, Bool)] = [
        ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "", false), ("abc", "abcd", false),
        ("abcdefgh", "abcdefgH", false), ("Abcdefgh", "abcdefgh", false), ("\0", "", false), ("\0a", "\0b", false),
    ]

    @Test(arguments: pairs)
    func `two secrets are equal when all their bytes are`(_ a: String, _ b: String, _ equal: Bool) {
        #expect((Secret(a) == Secret(b)) == equal)
        #expect((Secret(b) == Secret(a)) == equal)
    }

    @Test func `a difference at any single place is found`() {
        let bytes = [UInt8](repeating: 7, count: 300)
        let secret = bytes.withUnsafeBytes { Secret(copying: $0) }
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 0x80
            #expect(other.withUnsafeBytes { Secret(copying: $0) } != secret)
        }
    }

    @Test func `the hash tells nothing but the length`() {
        #expect(Secret("aaaa").hashValue == Secret("bbbb").hashValue)
        #expect(Set([Secret("a"), Secret("b"), Secret("a")]).count == 2)
    }

    /// The allocator hands a freed block of this size out again; what it holds then is what the secret left there, what somebody else wrote
    /// meanwhile, and at its start what the allocator itself notes in a free block. So the whole pattern is looked for, which only the
    /// secret had.
    @Test func `SEC-04 the memory of a secret is overwritten when its last reference goes`() throws {
        let size = 1024
        let pattern = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        var blocksSeenAgain = 0
        for _ in 0..<100 {
            let address = addressOfReleasedSecret(size, pattern)
            let block = try #require(malloc(size))
            defer { free(block) }
            guard UInt(bitPattern: block) == address else { continue }
            blocksSeenAgain += 1
            let left = UnsafeRawBufferPointer(start: block, count: size)
            let places = stride(from: 0, to: size, by: pattern.count).filter { left[$0..<$0 + pattern.count].elementsEqual(pattern) }
            #expect(places == [])
        }
        #expect(blocksSeenAgain > 0)
    }

    private func addressOfReleasedSecret(_ size: Int, _ pattern: [UInt8]) -> UInt {
        let secret = Secret(capacity: size) { room in
            for index in room.indices { room[index] = pattern[index % pattern.count] }
            return size
        }
        return secret.withBytes { UInt(bitPattern: $0.baseAddress) }
    }
}
