internal import Codecs
package import Secrets

/// A parsed ID token (RFC 7515 compact serialization). Nothing in it is verified.
///
/// Keys and key URLs in its header (`jwk`, `jku`, `x5c`, `x5u`) are ignored: an attacker could have written them (IDT-07).
package struct IDToken: Sendable {
    let algorithm: String
    let keyID: String?
    let claims: JSONObject
    let signedPart: Secret
    let signature: [UInt8]

    package init(_ token: Secret) throws(IDTokenProblem) {
        let dots = token.withBytes { bytes in bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") } }
        guard dots.count != 4 else { throw .encrypted }
        guard dots.count == 2, token.isBearerToken else { throw .malformed }
        let header = try Self.object(token[0..<dots[0]])
        try Self.checkHeader(header)
        guard let algorithm = header.text("alg") else { throw .malformed }
        guard let signature = token[(dots[1] + 1)..<token.count].base64urlDecoded else { throw .malformed }
        self.algorithm = algorithm
        keyID = header.text("kid")
        claims = try Self.object(token[(dots[0] + 1)..<dots[1]])
        signedPart = token[0..<dots[1]]
        self.signature = signature.bytes
    }

    private static func object(_ part: Secret) throws(IDTokenProblem) -> JSONObject {
        guard let bytes = part.base64urlDecoded, case .success(let object) = JSONObject.read(bytes) else { throw .malformed }
        return object
    }

    /// A `typ` that ends in `+jwt` denotes another kind of token (RFC 8725 section 3.11).
    private static func checkHeader(_ header: JSONObject) throws(IDTokenProblem) {
        guard header["enc"] == nil else { throw .encrypted }
        guard header["crit"] == nil else { throw .critical }
        guard let type = header["typ"] else { return }
        guard case .string(let type) = type else { throw .malformed }
        guard !type.text.lowercased().hasSuffix("+jwt") else { throw .type(shown: type.text.shown(atMost: 64)) }
    }

    // MARK: claims

    func text(_ claim: String) throws(IDTokenProblem) -> String? { try secret(claim)?.text }

    /// `nil` if the claim is missing. Throws if it is not a string.
    func secret(_ claim: String) throws(IDTokenProblem) -> Secret? {
        guard let value = claims[claim] else { return nil }
        guard case .string(let string) = value else { throw .absent(claim: claim) }
        return string.secret
    }

    /// Seconds since the epoch without a fraction. `nil` if the claim is missing (RFC 7519 section 2).
    func time(_ claim: String) throws(IDTokenProblem) -> Int64? {
        guard let value = claims[claim] else { return nil }
        guard case .number(let text) = value, let seconds = Double(text), (0...Self.lastSecond).contains(seconds) else { throw .absent(claim: claim) }
        return Int64(seconds)
    }

    /// The end of the year 9999.
    private static let lastSecond: Double = 253_402_300_799
}

/// A signature that the caller must verify.
package struct SignatureCheck: Sendable {
    package let algorithm: SigningAlgorithm
    /// Any of these keys may have made the signature. Servers that rotate keys have published two with the same id.
    package let keys: [PublicKey]
    /// Whether the keys were selected by the `kid` of the token. Without a `kid` the signature may be invalid because the server has changed its key.
    /// The keys should then be fetched again once (JWKS-02).
    package let isNamed: Bool
    /// The header and the claims as received.
    package let signedPart: Secret
    package let signature: [UInt8]
    fileprivate let token: IDToken

    package func result(isValid: Bool) throws(IDTokenProblem) -> SignedIDToken {
        guard isValid else { throw .signature }
        return SignedIDToken(token: token, algorithm: algorithm)
    }
}

/// An ID token with a valid signature. `IDTokenExpectation` checks its claims.
package struct SignedIDToken: Sendable {
    let token: IDToken
    let algorithm: SigningAlgorithm
}

extension IDToken {
    package enum Step: Sendable {
        case check(SignatureCheck)
        /// The server may have a newer key: fetch the keys again once, and then give up (JWKS-02).
        case needsKeys
    }

    /// The signature to verify.
    /// - Parameter algorithms: those that the server's metadata or the configuration permit. The `alg` of the token is only compared with them (RFC
    ///   8725 section 3.1).
    package func signature(by keys: JWKSet, allowing algorithms: [String]) throws(IDTokenProblem) -> Step {
        let algorithm = try signingAlgorithm(among: algorithms)
        guard let (fitting, isNamed) = try fittingKeys(for: algorithm, in: keys) else { return .needsKeys }
        return .check(
            SignatureCheck(algorithm: algorithm, keys: fitting, isNamed: isNamed, signedPart: signedPart, signature: signature, token: self))
    }

    func signingAlgorithm(among algorithms: [String]) throws(IDTokenProblem) -> SigningAlgorithm {
        guard algorithms.contains(where: algorithm.isExactly), let algorithm = SigningAlgorithm(rawValue: algorithm) else {
            throw .algorithm(shown: algorithm.shown(atMost: 64))
        }
        return algorithm
    }

    /// The maximum number of keys with the same id that are tried. Each costs up to a few milliseconds.
    private static let maximumKeysTried = 4

    private func fittingKeys(for algorithm: SigningAlgorithm, in keys: JWKSet) throws(IDTokenProblem) -> (keys: [PublicKey], isNamed: Bool)? {
        guard let keyID else {
            let fitting = keys.keys(for: algorithm)
            guard fitting.count <= 1 else { throw .unnamedKey }
            return fitting.first.map { ([$0.key], isNamed: false) }
        }
        let named = keys.keys(named: keyID)
        if named.isEmpty, let only = keys.onlyUnnamed, only.fits(algorithm) { return ([only.key], isNamed: false) }
        guard !named.isEmpty else { return nil }
        let fitting = named.filter { $0.fits(algorithm) }.prefix(Self.maximumKeysTried).map(\.key)
        guard !fitting.isEmpty else { throw .unfitKey }
        return (fitting, isNamed: true)
    }
}
