import Secrets
import Testing

@Suite struct FingerprintTests {
    static let table: [(UInt64, String)] = [
        (0, "0000000000000000"), (1, "0000000000000001"), (.max, "ffffffffffffffff"),
        (0x0123_4567_89ab_cdef, "0123456789abcdef"), (0xba78_16bf_8f01_cfea, "ba7816bf8f01cfea"),
    ]

    @Test(arguments: table)
    func `a fingerprint is written as 16 digits and parsed again`(_ bits: UInt64, _ text: String) {
        #expect(Fingerprint(bits: bits).description == text)
        #expect(Fingerprint(text) == Fingerprint(bits: bits))
    }

    @Test(arguments: [
        "", "0", "123456789abcdef", "00123456789abcdef", "0123456789ABCDEF", "+123456789abcdef", "-123456789abcdef",
        "0123456789abcdeg", " 123456789abcdef", "0x23456789abcdef", "0123456789abcd\u{e9}",
    ])
    func `any other text is not a fingerprint`(_ text: String) { #expect(Fingerprint(text) == nil) }

    @Test func `a fingerprint is the start of the digest in big-endian order`() {
        let digest: [UInt8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0xff, 0xff]
        #expect(Fingerprint(digest: digest).description == "0123456789abcdef")
    }
}
