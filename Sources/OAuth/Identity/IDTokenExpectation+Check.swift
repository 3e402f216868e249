internal import Codecs
package import Secrets

extension IDTokenExpectation {
    /// Checks the claims, or throws the first claim that is wrong.
    /// - Parameters:
    ///   - now: the wall clock in seconds.
    ///   - digest: computes the full hash of some bytes.
    package func identity(
        in signed: SignedIDToken, now: Int64, digest: (HashAlgorithm, Secret) -> [UInt8]
    ) throws(IDTokenProblem) -> VerifiedIdentity {
        try identity(in: signed.token, signedWith: signed.algorithm, now, digest)
    }

    /// Compares the claims of a token whose key is not available: issuer, audience and subject first. Such a token proves no sign-in, but a token of
    /// another person or for another client is detected. Time claims are ignored, so that tokens stay available while this machine's clock is wrong.
    /// - Parameter algorithms: as in `IDToken.signature`.
    package func compare(
        _ token: IDToken, allowing algorithms: [String], now: Int64, digest: (HashAlgorithm, Secret) -> [UInt8]
    ) throws(IDTokenProblem) {
        let algorithm = try token.signingAlgorithm(among: algorithms)
        do throws(IDTokenProblem) {
            // issuer, audience and subject are compared before the times
            _ = try identity(in: token, signedWith: algorithm, now, digest)
        } catch {
            guard error.isAboutClocks else { throw error }
        }
    }

    private func identity(
        in token: IDToken, signedWith algorithm: SigningAlgorithm, _ now: Int64, _ digest: (HashAlgorithm, Secret) -> [UInt8]
    ) throws(IDTokenProblem) -> VerifiedIdentity {
        try checkIssuer(of: token)
        try checkAudience(of: token)
        let subject = try subject(of: token)
        let expires = try checkTimes(of: token, now)
        try checkNonce(of: token)
        let authenticated = try authenticated(of: token, now)
        let half = { (value: Secret) in
            let hash = digest(algorithm.hash, value)
            return hash.prefix(hash.count / 2).withUnsafeBytes { Secret(copying: $0) }
        }
        try checkHash("at_hash", of: accessToken, in: token, half)
        try checkHash("c_hash", of: code, in: token, isNeeded: needsCodeHash, half)
        try checkHash("s_hash", of: state, in: token, half)
        return VerifiedIdentity(
            issuer: issuer, subject: subject, name: token.readable("name"), email: token.readable("email"),
            preferredUsername: token.readable("preferred_username"), authenticated: authenticated, expires: expires)
    }

    private func checkIssuer(of token: IDToken) throws(IDTokenProblem) {
        guard let named = try token.text("iss") else { throw .absent(claim: "iss") }
        guard named.isExactly(issuer) else { throw .issuer(shown: named.shown()) }
    }

    /// The token must be for this client, and for no unknown audience (OpenID Connect Core 1.0 section 3.1.3.7, 3 to 5).
    private func checkAudience(of token: IDToken) throws(IDTokenProblem) {
        guard let audience = token.audience else { throw .absent(claim: "aud") }
        guard audience.contains(where: clientID.isExactly) else { throw .wrong(claim: "aud") }
        let unknown = audience.first { one in !one.isExactly(clientID) && !otherAudiences.contains(where: one.isExactly) }
        if let unknown { throw .audience(shown: unknown.shown()) }
        if let party = try token.text("azp"), !party.isExactly(clientID) { throw .wrong(claim: "azp") }
    }

    private func subject(of token: IDToken) throws(IDTokenProblem) -> String {
        guard token.claims["sub"] == nil || token.claims.text("sub") != nil else { throw .subjectIsNotAString }
        guard let named = try token.text("sub"), (1...255).contains(named.utf8.count), named.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .absent(claim: "sub")
        }
        guard subject?.isExactly(named) ?? true else { throw .wrong(claim: "sub") }
        return named
    }

    private func checkTimes(of token: IDToken, _ now: Int64) throws(IDTokenProblem) -> Int64 {
        guard let expires = try token.time("exp") else { throw .absent(claim: "exp") }
        guard let issued = try token.time("iat") else { throw .absent(claim: "iat") }
        guard now < expires + leeway else { throw .expired }
        guard issued <= now + leeway else { throw .early(claim: "iat") }
        if let start = try token.time("nbf"), start > now + leeway { throw .early(claim: "nbf") }
        if let earliest, issued < earliest - leeway { throw .tooOld(claim: "iat") }
        return expires
    }

    private func checkNonce(of token: IDToken) throws(IDTokenProblem) {
        let named = try token.secret("nonce")
        switch nonce {
        case .sent(let sent):
            guard let named else { throw .absent(claim: "nonce") }
            guard named == sent else { throw .wrong(claim: "nonce") }
        case .original(let original):
            guard let named, let original else { return }
            guard named == original else { throw .wrong(claim: "nonce") }
        }
    }

    private func authenticated(of token: IDToken, _ now: Int64) throws(IDTokenProblem) -> Int64? {
        let time = try token.time("auth_time")
        if let maxAge {
            guard let time else { throw .absent(claim: "auth_time") }
            guard now - time <= maxAge + leeway else { throw .tooOld(claim: "auth_time") }
        }
        if let authenticated, let time, time != authenticated { throw .wrong(claim: "auth_time") }
        return time
    }

    /// Compares the left half of the hash of a value that came with the token, or was sent for it. That shows that both belong to the same sign-in.
    private func checkHash(
        _ claim: String, of value: Secret?, in token: IDToken, isNeeded: Bool = false, _ half: (Secret) -> Secret
    ) throws(IDTokenProblem) {
        guard let value else { return }
        guard let named = try token.secret(claim) else {
            guard !isNeeded else { throw .absent(claim: claim) }
            return
        }
        guard named.base64urlDecoded == half(value) else { throw .wrong(claim: claim) }
    }
}

extension IDToken {
    /// `aud` is a string or an array of strings.
    fileprivate var audience: [String]? {
        if let one = claims.text("aud") { return [one] }
        return claims.texts("aud")
    }

    /// A text for people, in any script. `nil` if it is blank or has characters that are not visible.
    func readable(_ claim: String) -> String? {
        guard let text = claims.text(claim), (1...255).contains(text.utf8.count) else { return nil }
        guard text.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else { return nil }
        return text.unicodeScalars.allSatisfy(\.isVisible) ? text : nil
    }
}
