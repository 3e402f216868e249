import Codecs
import OpenSSL
import Secrets
import Testing

@Suite struct VerificationTests {
    private func isSignature(_ signature: [UInt8], _ example: SignedExample, text: String? = nil) throws -> Bool {
        try OpenSSL.isSignature(signature, of: Secret(text ?? example.text), by: example.key, example.algorithm)
    }

    @Test(arguments: SignedExamples.all)
    func `IDT-04 a signature by another implementation is valid`(_ example: SignedExample) throws {
        #expect(try isSignature(SignedExamples.bytes(example.signature), example))
    }

    @Test func `every algorithm has an example`() {
        #expect(Set(SignedExamples.all.map(\.algorithm)) == Set(SignatureAlgorithm.allCases))
    }

    @Test(arguments: SignedExamples.all)
    func `IDT-04 changing any bit of the signature makes it invalid`(_ example: SignedExample) throws {
        let signature = SignedExamples.bytes(example.signature)
        for place in Set([0, 1, signature.count / 2 - 1, signature.count / 2, signature.count - 1] + stride(from: 0, to: signature.count, by: 7)) {
            var wrong = signature
            wrong[place] ^= 1 << (place % 8)
            #expect(try !isSignature(wrong, example), "byte \(place)")
        }
    }

    @Test(arguments: SignedExamples.all)
    func `IDT-04 changing any bit of the text makes the signature invalid`(_ example: SignedExample) throws {
        let signature = SignedExamples.bytes(example.signature)
        for place in stride(from: 0, to: example.text.utf8.count, by: 5) {
            var bytes = Array(example.text.utf8)
            bytes[place] ^= 1
            #expect(try !isSignature(signature, example, text: String(decoding: bytes, as: UTF8.self)), "byte \(place)")
        }
        #expect(try !isSignature(signature, example, text: ""))
        #expect(try !isSignature(signature, example, text: example.text + "x"))
    }

    @Test(arguments: SignedExamples.all)
    func `a signature of the wrong length is invalid`(_ example: SignedExample) throws {
        let signature = SignedExamples.bytes(example.signature)
        for end in [0, 1, signature.count / 2, signature.count - 1] { #expect(try !isSignature(Array(signature[..<end]), example)) }
        #expect(try !isSignature(signature + [0], example))
        #expect(try !isSignature([0] + signature, example))
        #expect(try !isSignature([UInt8](repeating: 0, count: signature.count), example))
        #expect(try !isSignature([UInt8](repeating: 0xFF, count: signature.count), example))
        #expect(try !isSignature([UInt8](repeating: 0x30, count: 100_000), example))
    }

    @Test(arguments: SignedExamples.all)
    func `IDT-06 a signature is valid only for its own algorithm`(_ example: SignedExample) throws {
        let signature = SignedExamples.bytes(example.signature)
        for algorithm in SignatureAlgorithm.allCases where algorithm != example.algorithm {
            #expect(try !OpenSSL.isSignature(signature, of: Secret(example.text), by: example.key, algorithm), "as \(algorithm)")
        }
    }

    @Test func `IDT-06 a signature is invalid for a key of another type`() throws {
        for example in SignedExamples.all {
            for other in SignedExamples.all where other.key != example.key {
                let signature = SignedExamples.bytes(example.signature)
                #expect(try !OpenSSL.isSignature(signature, of: Secret(example.text), by: other.key, example.algorithm))
            }
        }
    }

    @Test func `a PSS salt must be as long as the hash`() throws {
        let example = try #require(SignedExamples.all.first { $0.algorithm == .ps256 })
        #expect(try !isSignature(SignedExamples.bytes(SignedExamples.shortSalt), example))
    }

    @Test func `ECDSA rejects numbers that are zero or not below the order`() throws {
        for example in SignedExamples.all {
            guard case .ec(let curve, _, _) = example.key else { continue }
            let signature = SignedExamples.bytes(example.signature)
            let (first, second) = (Array(signature[..<(signature.count / 2)]), Array(signature[(signature.count / 2)...]))
            for number: UInt8 in [0, 0xFF] {
                let bad = [UInt8](repeating: number, count: first.count)
                #expect(try !isSignature(bad + second, example), "\(curve)")
                #expect(try !isSignature(first + bad, example), "\(curve)")
            }
        }
    }

    @Test(arguments: [
        VerificationKey.ec(.p256, x: [UInt8](repeating: 7, count: 32), y: [UInt8](repeating: 7, count: 32)),
        .ec(.p256, x: [], y: []), .ec(.p256, x: [1], y: [2]), .ec(.p384, x: [UInt8](repeating: 0, count: 48), y: [UInt8](repeating: 0, count: 48)),
        .rsa(modulus: [], exponent: []), .rsa(modulus: [UInt8](repeating: 0xFF, count: 4096), exponent: [1, 0, 1]), .ed25519([1, 2, 3]), .ed25519([]),
    ])
    func `an invalid key accepts no signature`(_ key: VerificationKey) {
        for algorithm in SignatureAlgorithm.allCases {
            let answer = try? OpenSSL.isSignature([UInt8](repeating: 1, count: 64), of: Secret("x"), by: key, algorithm)
            #expect(answer != true)
        }
    }

    @Test func `a point that is not on its curve is reported as an error`() {
        let key = VerificationKey.ec(.p256, x: [UInt8](repeating: 7, count: 32), y: [UInt8](repeating: 7, count: 32))
        let error = #expect(throws: OpenSSLError.self) {
            try OpenSSL.isSignature([UInt8](repeating: 1, count: 64), of: Secret("x"), by: key, .es256)
        }
        #expect(error?.description == "the server publishes an invalid key")
    }

    /// A failed check must leave no error that the next check could report.
    @Test func `a valid signature is accepted after an invalid one`() throws {
        for _ in 0..<20 {
            for example in SignedExamples.all {
                var wrong = SignedExamples.bytes(example.signature)
                wrong[5] ^= 4
                #expect(try !isSignature(wrong, example))
                #expect(try isSignature(SignedExamples.bytes(example.signature), example))
            }
        }
    }
}

@Suite struct LongDigestTests {
    /// The example of FIPS 180-4, and the empty text (checked with coreutils' sha384sum and sha512sum).
    @Test(arguments: [
        (
            "abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
        ),
    ])
    func `SHA-384 and SHA-512 match the test vectors`(_ text: String, _ short: String, _ long: String) {
        let hex = { (bytes: [UInt8]) in bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
        Secret(text).withBytes { bytes in
            #expect(hex(sha384(bytes)) == short)
            #expect(hex(sha512(bytes)) == long)
        }
    }

    /// The value of the hash claims in a hybrid sign-in: the left half of the hash of a code, a state or an access token.
    @Test(arguments: [
        ("7C1F0A94D2E35B68A1F7C09E4B2D6358F0E19A7C34B5D682E9017FA3C6B48D25", "TT2ZqtSSEOpFYV3hKrv3GA"),
        ("q3VnR0s1dGg2TnBZd0J4Mg", "mWVk-zc64MjQy7hyBehqIw"), ("EXAMPLE.ACCESS.TOKEN", "m5jikpg7pGA4UnJQ9Akp0Q"),
    ])
    func `HYB-06 IDT-10 half of a SHA-256 matches a hash claim of ERP.net`(_ text: String, _ half: String) {
        #expect(base64url(Array(sha256(Array(text.utf8)).prefix(16))) == half)
    }

    @Test func `a code challenge matches RFC 7636 appendix B`() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        #expect(base64url(sha256(Array(verifier.utf8))) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
    }

    @Test func `AC-03 a code challenge matches another implementation`() {
        let verifier = "kV3r1f13r_for-orchid~example.0123456789abcdefghijklmnopqrstuvwxy"
        #expect(base64url(sha256(Array(verifier.utf8))) == "LZEAJ5XS6ANWHiwtIZmTTrLb8cxCKfm2YyAc1kzMkPk")
    }
}
