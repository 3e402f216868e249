import OpenSSL
import Secrets
import Testing

@Suite struct DigestTests {
    /// FIPS 180-4 examples, and lengths around the block of 64 bytes (checked with coreutils' sha256sum).
    static let table: [(String, String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    @Test(arguments: table)
    func `SHA-256 matches the test vectors`(_ text: String, _ digest: String) {
        #expect(sha256(Array(text.utf8)).map { hex($0) }.joined() == digest)
    }

    @Test(arguments: table)
    func `the fingerprint of a token is the first 16 digits of its SHA-256`(_ text: String, _ digest: String) {
        #expect(Fingerprint(of: Secret(text)).description == digest.prefix(16))
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
