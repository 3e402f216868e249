import OpenSSL
import Secrets
import Testing

@Suite struct KeyDerivationTests {
    struct Vector: Sendable {
        var key: [UInt8], salt: [UInt8], info: [UInt8], output: String
    }

    /// RFC 5869 appendix A.1 to A.3.
    nonisolated static let table = [
        Vector(
            key: .init(repeating: 0x0b, count: 22), salt: Array(0...12), info: Array(0xf0...0xf9),
            output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        Vector(
            key: Array(0..<0x50), salt: Array(0x60..<0xb0), info: Array(0xb0...0xff),
            output: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"),
        Vector(
            key: .init(repeating: 0x0b, count: 22), salt: [], info: [],
            output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ]

    @Test(arguments: table)
    func `a derived key matches RFC 5869`(_ vector: Vector) throws {
        let key = vector.key.withUnsafeBytes { Secret(copying: $0) }
        #expect(try key.derived(vector.output.count / 2, salt: vector.salt, info: vector.info).hex == vector.output)
    }

    @Test func `a key that is longer than HKDF permits is rejected`() {
        #expect(throws: OpenSSLError.self) { try Secret("key").derived(255 * 32 + 1, salt: [], info: []) }
    }
}

extension Secret {
    /// The bytes of a test secret.
    var hex: String { withBytes { Array($0).hex } }
}

extension [UInt8] {
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    init(hex: String) {
        let digits = hex.utf8.map { UInt8($0 < 58 ? $0 - 48 : $0 - 87) }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
