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
    func `a filled secret has as many bytes as were written, up to its capacity`(_ written: Int, _ count: Int) {
        let secret = Secret(capacity: 8) { room in
            for index in room.indices { room[index] = UInt8(ascii: "f") }
            return written
        }
        #expect(text(secret) == String(repeating: "f", count: count))
    }

    @Test func `an error of the fill closure is rethrown`() {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try Secret(capacity: 8) { _ in throw Broken() } }
    }

    @Test func `a part of a secret is an independent secret`() {
        let part = Secret("Bearer abc")[7..<10]
        #expect(text(part) == "abc")
        #expect(text(Secret("abc")[1..<1]).isEmpty)
    }

    static let pairs: [(String, String, Bool)] = [
        ("", "", true), ("a", "a", true), ("a", "b", false), ("a", "", false), ("abc", "abcd", false),
        ("abcdefgh", "abcdefgH", false), ("Abcdefgh", "abcdefgh", false), ("\0", "", false), ("\0a", "\0b", false),
    ]

    @Test(arguments: pairs)
    func `two secrets are equal if all their bytes are equal`(_ a: String, _ b: String, _ equal: Bool) {
        #expect((Secret(a) == Secret(b)) == equal)
        #expect((Secret(b) == Secret(a)) == equal)
    }

    @Test func `a difference in any single byte is detected`() {
        let bytes = [UInt8](repeating: 7, count: 300)
        let secret = bytes.withUnsafeBytes { Secret(copying: $0) }
        for place in bytes.indices {
            var other = bytes
            other[place] ^= 0x80
            #expect(other.withUnsafeBytes { Secret(copying: $0) } != secret)
        }
    }

    @Test func `the hash depends on the length only`() {
        #expect(Secret("aaaa").hashValue == Secret("bbbb").hashValue)
        #expect(Set([Secret("a"), Secret("b"), Secret("a")]).count == 2)
    }

    @Test func `SEC-04 the memory of a secret is overwritten when its last reference is released`() throws {
        try expectOverwritten { (addressOfReleasedSecret($0, $1), nil) }
    }

    private func addressOfReleasedSecret(_ size: Int, _ pattern: [UInt8]) -> UInt {
        let secret = Secret(capacity: size) { room in
            for index in room.indices { room[index] = pattern[index % pattern.count] }
            return size
        }
        return secret.withBytes { UInt(bitPattern: $0.baseAddress) }
    }
}
