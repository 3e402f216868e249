internal import Codecs
internal import Secrets

/// A JSON Web Key Set (RFC 7517 section 5). Keys that are not supported or not for signatures are ignored.
package struct JWKSet: Sendable {
    struct Key: Sendable {
        let id: String?
        /// The only algorithm of the key, if the server names one.
        let algorithm: SigningAlgorithm?
        let key: PublicKey
    }

    private let keys: [Key]

    /// `nil` unless the document has a `keys` array, which may be empty.
    init?(_ document: JSONObject) {
        guard case .array(let values)? = document["keys"] else { return nil }
        keys = values.compactMap { value in
            guard case .object(let object) = value else { return nil }
            return Key(object)
        }
    }

    package var isEmpty: Bool { keys.isEmpty }
    package var count: Int { keys.count }

    func keys(named id: String) -> [Key] { keys.filter { $0.id?.isExactly(id) == true } }

    /// The only key of the set if it has no id: servers with one key often omit it.
    var onlyUnnamed: Key? { keys.count == 1 && keys[0].id == nil ? keys[0] : nil }

    func keys(for algorithm: SigningAlgorithm) -> [Key] { keys.filter { $0.fits(algorithm) } }
}

extension JWKSet.Key {
    init?(_ object: JSONObject) {
        guard object["use"] == nil || object.text("use") == "sig",
            object["key_ops"] == nil || object.texts("key_ops")?.contains("verify") == true,
            let key = PublicKey(object)
        else { return nil }
        algorithm = object.text("alg").flatMap(SigningAlgorithm.init)
        guard object["alg"] == nil || algorithm != nil else { return nil }
        id = object.text("kid")
        self.key = key
    }

    func fits(_ algorithm: SigningAlgorithm) -> Bool {
        (self.algorithm == nil || self.algorithm == algorithm) && algorithm.fits(key)
    }
}

extension PublicKey {
    /// RFC 7518 section 6 and RFC 8037 section 2. `nil` for another key type, a symmetric key or missing members.
    fileprivate init?(_ object: JSONObject) {
        switch object.text("kty") {
        case "RSA":
            guard let modulus = object.number("n"), let exponent = object.number("e"), Self.isSound(modulus, exponent) else { return nil }
            self = .rsa(modulus: modulus, exponent: exponent)
        case "EC":
            guard let curve = object.text("crv").flatMap(Curve.init), let x = object.bytes("x", count: curve.width),
                let y = object.bytes("y", count: curve.width)
            else { return nil }
            self = .ec(curve, x: x, y: y)
        case "OKP":
            guard object.text("crv") == "Ed25519", let x = object.bytes("x", count: 32) else { return nil }
            self = .ed25519(x)
        default:
            return nil
        }
    }

    /// At least 2048 bits (RFC 7518 section 3.3) and at most 8192, and an odd exponent above 1 of at most 32 bits: a signature is checked on the loop, and
    /// the largest keys of OpenSSL take 10 ms each.
    private static func isSound(_ modulus: [UInt8], _ exponent: [UInt8]) -> Bool {
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard (2048...8_192).contains(bits), (1...4).contains(exponent.count), let last = exponent.last else { return false }
        return last % 2 == 1 && exponent != [1]
    }
}

extension JSONObject {
    /// A base64url member; `nil` unless it has `count` bytes.
    fileprivate func bytes(_ name: String, count: Int) -> [UInt8]? {
        guard let bytes = bytes(name), bytes.count == count else { return nil }
        return bytes
    }

    /// A base64url number, without the leading zero bytes that some servers add.
    fileprivate func number(_ name: String) -> [UInt8]? { bytes(name).map { Array($0.drop { $0 == 0 }) } }

    private func bytes(_ name: String) -> [UInt8]? {
        guard case .string(let string)? = self[name] else { return nil }
        return string.secret.base64urlDecoded?.bytes
    }
}
