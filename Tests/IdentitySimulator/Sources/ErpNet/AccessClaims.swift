internal import FoundationEssentials
internal import Keys

/// The claims of an access token that the API reads.
package struct AccessClaims: Sendable {
    package let issuer: String
    package let audience: [String]
    package let notBefore: Int
    package let expiry: Int
    package let clientID: String
    package let scopes: [String]
    /// `sub`: only the token of a user has it.
    package let subject: String?
    package let sessionID: String?
    package let systemUser: String?

    /// Parses a token and verifies its signature.
    package init(opening token: String, with keys: KeyRing) throws(AccessRefusal) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3,
            let header: Header = Self.decode(parts[0]), header.alg == "RS256", header.typ == "at+jwt",
            let signature = base64urlDecoded(parts[2]), let claims: Claims = Self.decode(parts[1])
        else { throw .malformed }
        guard let key = keys.key(header.kid) else { throw .unknownKey }
        guard key.verifies(signature, of: Array("\(parts[0]).\(parts[1])".utf8)) else { throw .badSignature }
        self.init(claims)
    }

    private init(_ claims: Claims) {
        issuer = claims.iss
        audience = claims.aud.values
        notBefore = claims.nbf
        expiry = claims.exp
        clientID = claims.client_id
        scopes = claims.scope
        subject = claims.sub
        sessionID = claims.sid
        systemUser = claims.client_system_user
    }

    private static func decode<Value: Decodable>(_ part: some StringProtocol) -> Value? {
        base64urlDecoded(part).flatMap { try? JSONDecoder().decode(Value.self, from: Data($0)) }
    }

    private struct Header: Decodable {
        let alg, kid, typ: String
    }

    private struct Claims: Decodable {
        let iss: String
        let aud: OneOrMany
        let nbf, exp: Int
        let client_id: String
        let scope: [String]
        let sub, sid, client_system_user: String?
    }

    /// A single audience is written as a plain string.
    private struct OneOrMany: Decodable {
        let values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            values = try (try? [container.decode(String.self)]) ?? container.decode([String].self)
        }
    }
}
