import Codecs
import Secrets
import Testing

@Suite struct Base64URLTests {
    /// RFC 4648 section 10 without padding, and the two letters that differ from plain base64.
    static let table: [([UInt8], String)] = [
        ([], ""), (Array("f".utf8), "Zg"), (Array("fo".utf8), "Zm8"), (Array("foo".utf8), "Zm9v"),
        (Array("foob".utf8), "Zm9vYg"), (Array("fooba".utf8), "Zm9vYmE"), (Array("foobar".utf8), "Zm9vYmFy"),
        ([0xfb, 0xff, 0xfe], "-__-"), ([0xff], "_w"), ([0, 0, 0, 0], "AAAAAA"),
        // RFC 7636 appendix B: the bytes of the verifier
        (
            [
                116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5,
                88, 83, 132, 141, 121,
            ], "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        ),
    ]

    @Test(arguments: table)
    func `bytes are encoded in base64url without padding`(_ bytes: [UInt8], _ text: String) {
        #expect(base64url(bytes) == text)
        #expect(bytes.withUnsafeBytes { Secret(copying: $0) }.base64url == Secret(text))
    }
}

struct `Reading base64url` {
    @Test(arguments: [
        ("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9vYmE", "fooba"), ("Zm9vYmFy", "foobar"), ("fn5-Pz8_", "~~~???"),
    ])
    func `base64url matches RFC 4648 section 10 without padding`(text: String, plain: String) {
        #expect(Secret(text).base64urlDecoded == Secret(plain))
    }

    @Test(arguments: ["Z", "Zg=", "Zg==", "Zh", "Zm9", "Zm9vYmFyZ", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zm9é", "=", "Zm9vYn"])
    func `a non-canonical encoding is rejected`(text: String) {
        #expect(Secret(text).base64urlDecoded == nil)
    }

    @Test func `all byte values are decoded`() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
            #expect(Secret(base64url(bytes)).base64urlDecoded?.bytes == bytes)
        }
    }
}
