package import Secrets

/// What an ID token must say to be believed (OpenID Connect Core 1.0 sections 3.1.3.7, 3.3.2.11 and 12.2).
package struct IDTokenExpectation: Sendable {
    package enum Nonce: Hashable, Sendable {
        /// the one that was sent: it must be there
        case sent(Secret)
        /// after a refresh: the original one, as far as it is known, or none
        case original(Secret?)
    }

    /// Seconds by which two clocks may differ; RFC 7519 allows a few minutes.
    package static let defaultLeeway: Int64 = 60

    package var issuer: String
    package var clientID: String
    /// Audiences that the token may name beside the client.
    package var otherAudiences: Set<String> = []
    package var nonce: Nonce
    /// The person, where it is known who it must be.
    package var subject: String?
    /// What the token's half hashes are of; one that is not known is not checked.
    package var code: Secret?
    package var state: Secret?
    package var accessToken: Secret?
    /// A token that comes beside a code must say which code.
    package var needsCodeHash = false
    /// Seconds since the person signed in, if that was asked for: the token must then tell.
    package var maxAge: Int64?
    /// When the person signed in, where that is known.
    package var authenticated: Int64?
    /// Wall seconds: the token must not be older.
    package var earliest: Int64?
    package var mayBeMissing = false
    package var leeway = defaultLeeway

    package init(issuer: String, clientID: String, nonce: Nonce) {
        self.issuer = issuer
        self.clientID = clientID
        self.nonce = nonce
    }

    /// Of the token that comes with the access token, when a sign-in's code is redeemed.
    /// - Parameter asked: wall seconds, when the sign-in began.
    package init(of request: AuthorizationRequest, at issuer: String, asked: Int64) {
        self.init(issuer: issuer, clientID: request.clientID, nonce: .sent(request.nonce))
        state = request.state
        maxAge = request.maxAge
        earliest = asked
    }

    /// Of the token that comes beside the code, before that is redeemed (OpenID Connect Core 1.0 section 3.3.2.11).
    package func beside(code: Secret) -> IDTokenExpectation {
        var expectation = self
        expectation.code = code
        expectation.needsCodeHash = true
        return expectation
    }

    /// Of a token that comes with a refreshed access token. Most servers send none.
    /// - Parameters:
    ///   - subject: who signed in.
    ///   - earlier: the token before, if it is there still: it was checked when it came.
    package init(refreshing subject: String?, at issuer: String, for clientID: String, earlier: IDToken?) {
        self.init(issuer: issuer, clientID: clientID, nonce: .original(try? earlier?.secret("nonce")))
        self.subject = subject
        authenticated = try? earlier?.time("auth_time")
        earliest = try? earlier?.time("iat")
        mayBeMissing = true
    }

    /// The token of an answer, if it may be missing and is.
    package func token(in tokens: IssuedTokens) throws(IDTokenProblem) -> IDToken? {
        if let token = tokens.idToken { return try IDToken(token) }
        guard mayBeMissing else { throw .missing }
        return nil
    }
}

/// Somebody who signed in, as the server says. Issuer and subject together are who it is; the rest is for reading.
package struct VerifiedIdentity: Hashable, Sendable {
    package var issuer: String
    /// Printable ASCII, 1 to 255 bytes.
    package var subject: String
    package var name: String?
    package var email: String?
    package var preferredUsername: String?
    /// Wall seconds.
    package var authenticated: Int64?
    package var expires: Int64

    package init(
        issuer: String, subject: String, name: String? = nil, email: String? = nil, preferredUsername: String? = nil, authenticated: Int64? = nil,
        expires: Int64
    ) {
        self.issuer = issuer
        self.subject = subject
        self.name = name
        self.email = email
        self.preferredUsername = preferredUsername
        self.authenticated = authenticated
        self.expires = expires
    }
}
