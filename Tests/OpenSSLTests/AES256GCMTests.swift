import Secrets
import Testing

@testable import OpenSSL

@Suite struct AES256GCMTests {
    struct Vector: Sendable {
        var key: String, nonce: String, plain: String, context: String, sealed: String
    }

    private static let zeros = String(repeating: "00", count: 32)
    private static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    private static let text =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"

    /// Test cases 13 to 16 of the submission to NIST (McGrew and Viega, appendix B).
    nonisolated static let table = [
        Vector(key: zeros, nonce: "000000000000000000000000", plain: "", context: "", sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Vector(
            key: zeros, nonce: "000000000000000000000000", plain: "00000000000000000000000000000000", context: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plain: text, context: "",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                + "c5f61e6393ba7a0abcc9f662898015adb094dac5d93471bdec1a502270e3cc6c"),
        Vector(
            key: key, nonce: "cafebabefacedbaddecaf888", plain: String(text.dropLast(8)),
            context: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
                + "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    @Test(arguments: table)
    func `sealing gives the ciphertext of the test vectors, and opening the plaintext`(_ vector: Vector) throws {
        let key = Secret(hex: vector.key)
        let cipher = try #require(AES256GCM(key: key, nonce: [UInt8](hex: vector.nonce)[...]))
        let context = [UInt8](hex: vector.context)
        let sealed = try #require(cipher.seal(Secret(hex: vector.plain), context: context))
        #expect(sealed.hex == vector.sealed)
        #expect(sealed.withUnsafeBytes { cipher.open($0, context: context) }?.hex == vector.plain)
        #expect(sealed.withUnsafeBytes { cipher.open($0, context: context + [0]) } == nil)
    }

    @Test func `a key or a nonce of the wrong length is rejected`() {
        #expect(AES256GCM(key: Secret(random: 16), nonce: randomBytes(12)[...]) == nil)
        #expect(AES256GCM(key: Secret(random: 32), nonce: randomBytes(16)[...]) == nil)
    }
}

extension Secret {
    init(hex: String) { self = [UInt8](hex: hex).withUnsafeBytes { Secret(copying: $0) } }
}
