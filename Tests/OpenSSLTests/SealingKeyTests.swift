import OpenSSL
import Secrets
import Testing

@Suite struct SealingKeyTests {
    private static let context = Array("portal.user".utf8)

    private static func open(_ key: SealingKey, _ sealed: [UInt8], _ context: [UInt8] = context) throws(UnsealError) -> Secret {
        try sealed.withUnsafeBytes { bytes in Result { () throws(UnsealError) in try key.open(bytes, for: context) } }.get()
    }

    @Test(arguments: [0, 1, 17, 4096, 100_000])
    func `a sealed record can be opened only with its key and its context`(_ count: Int) throws {
        let (key, other) = (try SealingKey(), try SealingKey())
        let plain = Secret(random: count)
        let sealed = try key.seal(plain, for: Self.context)
        #expect(sealed.count == count + SealingKey.overhead)
        #expect(try Self.open(key, sealed) == plain)
        #expect(throws: UnsealError.damaged) { try Self.open(key, sealed, Array("portal.other".utf8)) }
        #expect(throws: UnsealError.otherKey(key.id)) { try Self.open(other, sealed) }
    }

    /// Made by Python's `cryptography` from the layout in the documentation: key 00 01 … 1f, salt 64 65 …, nonce c8 c9 ….
    @Test func `a record that another program sealed in the same layout can be opened`() throws {
        let sealed = [UInt8](
            hex: "5345414c019d22299a6e4bb4206465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283c8c9cacbcccdcecfd0d1d2d3"
                + "c45bc06fcdac093277b319faf31911b1b90cf23ca17eae0c22384caef8f59270d9")
        let key = try SealingKey(Secret(copying: Array(0..<32)))
        #expect(key.id.description == "9d22299a6e4bb420")
        #expect(try Self.open(key, sealed) == Secret("the-refresh-token"))
    }

    @Test func `a record with any byte changed or missing is rejected`() throws {
        let key = try SealingKey()
        let sealed = try key.seal(Secret("the-refresh-token"), for: Self.context)
        for place in sealed.indices {
            #expect(throws: UnsealError.self) { try Self.open(key, Array(sealed[..<place])) }
            for bit in 0..<8 {
                var changed = sealed
                changed[place] ^= 1 << bit
                #expect(throws: UnsealError.self) { try Self.open(key, changed) }
            }
        }
        #expect(throws: UnsealError.damaged) { try Self.open(key, sealed + [0]) }
    }

    @Test func `an error says what is wrong and reveals nothing about the content`() throws {
        let key = try SealingKey()
        var sealed = try key.seal(Secret("the-refresh-token"), for: Self.context)
        sealed[4] = 2
        #expect(throws: UnsealError.format(2)) { try Self.open(key, sealed) }
        #expect(throws: UnsealError.notSealed) { try Self.open(key, []) }
        #expect(throws: UnsealError.notSealed) { try Self.open(key, Array("not sealed at all".utf8)) }
        #expect(UnsealError.otherKey(key.id).description == "it is sealed with a key that is not here (key \(key.id))")
    }

    @Test func `sealing the same content twice gives different records`() throws {
        let key = try SealingKey()
        #expect(try Set((0..<100).map { _ in try key.seal(Secret("x"), for: []) }).count == 100)
    }

    @Test(arguments: [0, 16, 31, 33, 64])
    func `a key that is not 32 bytes long is rejected`(_ count: Int) {
        #expect(throws: OpenSSLError.self) { try SealingKey(Secret(random: count)) }
    }

    @Test func `SEC-04 a key is in the secure heap and has no printable form`() async {
        await #expect(processExitsWith: .success) {
            try initialiseSecureHeap()
            // OpenSSL's random generator keeps its state there from the first key on
            _ = try SealingKey()
            let before = secureHeapUsed()
            var keys = try (0..<10).map { _ in try SealingKey() }
            #expect(secureHeapUsed() >= before + 320)
            let secret = Secret("0123456789abcdef0123456789abcdef")
            let key = try SealingKey(secret)
            var dumped = ""
            dump(key, to: &dumped)
            #expect(!dumped.contains("0123456789abcdef"))
            keys = []
            #expect(keys.isEmpty && secureHeapUsed() == before + 32)
            withExtendedLifetime(key) {}
        }
    }
}

extension Secret {
    init(copying bytes: [UInt8]) { self = bytes.withUnsafeBytes { Secret(copying: $0) } }
}
