import Codecs
import OAuth
import OpenSSL
import Secrets
import Systemd
import Testing
import TokenLedger
import TokenWire

/// m.petrova, who signs in to portal.user, and what the server says of her.
enum Person {
    static let code = "C0DE-7C1F0A94D2E35B68"
    static let verifier = "v3r1f13r-0123456789"
    static let nonce = "n-0c2f1b7e9a"
    /// Of her code, as JSON.
    static let codeHash = "\"\(base64url(Array(sha256(Array(code.utf8)).prefix(16))))\""

    static func claims(_ issuer: String, _ change: [String: String?] = [:]) -> [String: String] {
        let now = Clock.realtime() / 1_000_000_000
        var claims = [
            "iss": "\"\(issuer)\"", "aud": #""portal""#, "sub": #""m.petrova""#, "nonce": "\"\(nonce)\"", "iat": "\(now)", "exp": "\(now + 300)",
            "auth_time": "\(now - 5)",
        ]
        for (name, value) in change { claims[name] = value }
        return claims
    }

    /// - Parameter change: JSON values of claims, `nil` for one to leave out.
    static func idToken(_ issuer: String, _ change: [String: String?] = [:], by key: IdentityKey? = nil) throws -> String {
        try (key ?? IdentityKey.present.get()).signed(claims(issuer, change))
    }
}

extension ScriptedAuthority.Answer {
    /// Metadata of a server that people sign in at.
    static let provider = ok(#"{"issuer":"ISSUER","token_endpoint":"ISSUER/token","jwks_uri":"ISSUER/keys"}"#)

    static func keys(_ keys: [IdentityKey]) -> Self { ok(#"{"keys":[\#(keys.map(\.published).joined(separator: ","))]}"#) }

    static func tokens(_ access: String = "AT-1", refresh: String = "RT-1", idToken: String?) -> Self {
        let more = idToken.map { #","id_token":"\#($0)""# } ?? ""
        return ok(#"{"access_token":"\#(access)","token_type":"Bearer","expires_in":60,"refresh_token":"\#(refresh)"\#(more)}"#)
    }
}

extension ExchangePlan {
    private init(_ id: UInt64, of person: GrantRequest, at authority: ScriptedAuthority, timeout: Int, _ identity: IdentityCheck) throws {
        try self.init(id, at: authority, timeout: timeout)
        token = try #require(TokenName("portal.user"))
        application.client = ClientIdentity(id: "portal", authentication: .basic(Secret("pa55word")))
        (grant, self.identity) = (person, identity)
    }

    /// Her code is to be redeemed.
    /// - Parameter front: the ID token that came through the browser beside it.
    init(signIn id: UInt64, at authority: ScriptedAuthority, front: Secret? = nil, timeout: Int = 20) throws {
        let request = AuthorizationRequest(
            clientID: "portal", redirectURI: "http://127.0.0.1:53177/callback", scopes: ["openid", "read", "offline_access"],
            responseType: front == nil ? .code : .codeAndIdentity, state: Secret("state"), nonce: Secret(Person.nonce), challenge: "challenge")
        let code = Secret(Person.code)
        try self.init(
            id, of: .authorizationCode(code: code, redirectURI: request.redirectURI, verifier: Secret(Person.verifier)), at: authority, timeout: timeout,
            .signIn(request, code: code, front: front, asked: Clock.realtime() / 1_000_000_000))
    }

    /// Her refresh token is to be spent.
    init(refresh id: UInt64, at authority: ScriptedAuthority, timeout: Int = 20) throws {
        try self.init(
            id, of: .refresh(token: Secret("RT-0"), scopes: [], audience: nil, isProven: true), at: authority, timeout: timeout,
            .refresh(subject: "m.petrova", earlier: nil))
    }
}
