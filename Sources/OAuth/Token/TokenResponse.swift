internal import Codecs
internal import Secrets

/// The members of a successful token response (RFC 6749 section 5.1). Unknown members are ignored.
struct TokenResponse {
    enum Problem: Error {
        /// not a valid token response; the next one may be
        case malformed(String)
        /// a valid token response of an unsupported kind; the next one will be the same
        case unusable(String)
    }

    /// In seconds: ten years. A longer lifetime is reduced to this.
    static let longestLifetime: Int64 = 10 * 365 * 86_400
    /// In bytes; the scopes must fit into a reply line together with the longest token.
    static let longestScopes = 16 * 1024

    private let object: JSONObject

    init(_ object: JSONObject) { self.object = object }

    func accessToken() throws(Problem) -> Secret {
        guard let token = try optionalToken("access_token") else { throw .malformed("without an access_token") }
        return token
    }

    /// `nil` if the member is missing, null or empty (TR-13).
    func optionalToken(_ name: String) throws(Problem) -> Secret? { try optional(name, \.isBearerToken) }

    /// Some servers use characters that no bearer token may have.
    func refreshToken() throws(Problem) -> Secret? { try optional("refresh_token", \.isRefreshToken) }

    private func optional(_ name: String, _ isToken: (Secret) -> Bool) throws(Problem) -> Secret? {
        guard let value = object[name] else { return nil }
        guard case .string(let string) = value else { throw .malformed("its \(name) is not a string") }
        guard !string.isEmpty else { return nil }
        let token = string.secret
        guard isToken(token) else { throw .malformed("its \(name) is too long or has characters that a token may not have") }
        return token
    }

    /// Types of RFC 9449, RFC 8693 and drafts. An API rejects such a token if it is sent as Bearer.
    private static let otherTypes: Set<String> = ["dpop", "pop", "mac", "n_a"]

    /// Accepts `Bearer` in any case (RFC 6749 section 5.1).
    /// - Parameters:
    ///   - assumesBearer: whether a missing or undefined type is taken as Bearer.
    ///   - secrets: the values that were sent. A type that repeats one is not shown.
    func checkType(assumesBearer: Bool, redacting secrets: [Secret]) throws(Problem) {
        let type: String
        switch object["token_type"] {
        case nil: type = ""
        case .string(let string)?: type = string.text
        case .number?, .bool?, .array?, .object?, .null?: throw .malformed("its token_type is not a string")
        }
        guard type.lowercased() != "bearer" else { return }
        let name = Secret(type).contains(anyOf: secrets) ? "withheld" : type.withoutTokens.shown(atMost: 64)
        let shown = type.isEmpty ? "without a token_type" : "with tokens of type '\(name)', not Bearer"
        guard !Self.otherTypes.contains(type.lowercased()) else { throw .unusable("\(shown), which is not supported") }
        guard assumesBearer else { throw .unusable("\(shown); if its tokens are Bearer tokens, write assume_bearer = true") }
    }

    /// `expires_in` in whole seconds: a number, or a string with a number. `nil` if it is missing or an empty string; 0 if it is negative.
    func lifetime() throws(Problem) -> Int64? {
        switch object["expires_in"] {
        case nil: return nil
        case .string(let string)? where string.isEmpty: return nil
        case let value?:
            guard let seconds = value.seconds else { throw .malformed("its expires_in is not a number of seconds") }
            return seconds
        }
    }

    /// The lifetime of the refresh token in seconds, under one of the names that servers use; only a hint (TR-18). Keycloak sends zero for an
    /// unlimited lifetime.
    func refreshLifetime() -> Int64? {
        for name in ["refresh_expires_in", "refresh_token_expires_in"] {
            if let seconds = object[name]?.seconds, seconds > 0 { return seconds }
        }
        return nil
    }

    /// `scope`: a string with spaces, or an array of strings. `nil` if it is missing.
    func scopes() throws(Problem) -> [String]? {
        let scopes: [String]
        switch object["scope"] {
        case nil: return nil
        case .string(let string)?: scopes = string.text.split(separator: " ").map(String.init)
        case .array?:
            guard let texts = object.texts("scope") else { throw .malformed("its scope is not a list of strings") }
            scopes = texts.flatMap { $0.split(separator: " ").map(String.init) }
        case .number?, .bool?, .object?, .null?: throw .malformed("its scope is not a string")
        }
        guard scopes.reduce(0, { $0 + $1.utf8.count + 1 }) <= Self.longestScopes else { throw .malformed("its scope is too long") }
        guard scopes.allSatisfy(Self.isScope) else { throw .malformed("its scope has characters that a scope may not have") }
        return scopes.withoutRepeats
    }

    /// NQCHAR of RFC 6749 appendix A.
    private static func isScope(_ scope: String) -> Bool {
        scope.utf8.allSatisfy { $0 == 0x21 || (0x23...0x5B).contains($0) || (0x5D...0x7E).contains($0) }
    }
}

extension JSONValue {
    /// A number, or a string with only a number, in whole seconds from 0 to `TokenResponse.longestLifetime`. A fraction is cut off. `nil` for
    /// anything else.
    fileprivate var seconds: Int64? {
        let text: String
        switch self {
        case .number(let number): text = number
        case .string(let string): text = string.text
        case .null, .bool, .array, .object: return nil
        }
        // Double also accepts "0x10", "nan" and "inf"
        guard text.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }), let seconds = Double(text) else { return nil }
        return Int64(min(max(seconds, 0), Double(TokenResponse.longestLifetime)))
    }
}
