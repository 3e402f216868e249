package import Secrets

/// The values that an ID token must have (OpenID Connect Core 1.0 sections 3.1.3.7, 3.3.2.11 and 12.2).
package struct IDTokenExpectation: Sendable {
    package enum Nonce: Hashable, Sendable {
        /// the one in the authorization request: the token must contain it
        case sent(Secret)
        /// after a refresh: the nonce of the sign-in if it is known, or none
        case original(Secret?)
    }

    /// The permitted difference between two clocks in seconds. RFC 7519 allows a few minutes.
    package static let defaultLeeway: Int64 = 60

    package var issuer: String
    package var clientID: String
    /// Audiences that the token may contain in addition to the client id.
    package var otherAudiences: Set<String> = []
    package var nonce: Nonce
    /// The expected subject, if it is known.
    package var subject: String?
    /// The values that `c_hash`, `s_hash` and `at_hash` are compared with. An unknown value is not checked.
    package var code: Secret?
    package var state: Secret?
    package var accessToken: Secret?
    /// Whether `c_hash` is required: a token that comes with a code must refer to it.
    package var needsCodeHash = false
    /// `max_age` in seconds, if it was requested: the token must then have an `auth_time`.
    package var maxAge: Int64?
    /// When the person signed in, if it is known.
    package var authenticated: Int64?
    /// The earliest `iat` in seconds since the epoch.
    package var earliest: Int64?
    package var mayBeMissing = false
    package var leeway = defaultLeeway

    package init(issuer: String, clientID: String, nonce: Nonce) {
        self.issuer = issuer
        self.clientID = clientID
        self.nonce = nonce
    }

    /// For the ID token of the token response when a code is redeemed.
    /// - Parameter asked: when the sign-in started, in seconds since the epoch.
    package init(of request: AuthorizationRequest, at issuer: String, asked: Int64) {
        self.init(issuer: issuer, clientID: request.clientID, nonce: .sent(request.nonce))
        state = request.state
        maxAge = request.maxAge
        earliest = asked
    }

    /// For the ID token that comes with the code, before the code is redeemed (OpenID Connect Core 1.0 section 3.3.2.11).
    package func beside(code: Secret) -> IDTokenExpectation {
        var expectation = self
        expectation.code = code
        expectation.needsCodeHash = true
        return expectation
    }

    /// For the ID token of a refresh response. Most servers send none.
    /// - Parameters:
    ///   - subject: the person who signed in.
    ///   - earlier: the previous ID token, if it is still available. It was verified when it was received.
    package init(refreshing subject: String?, at issuer: String, for clientID: String, earlier: IDToken?) {
        self.init(issuer: issuer, clientID: clientID, nonce: .original(try? earlier?.secret("nonce")))
        self.subject = subject
        authenticated = try? earlier?.time("auth_time")
        earliest = try? earlier?.time("iat")
        mayBeMissing = true
    }

    /// The ID token of a token response. `nil` if there is none and it may be missing.
    package func token(in tokens: IssuedTokens) throws(IDTokenProblem) -> IDToken? {
        if let token = tokens.idToken { return try IDToken(token) }
        guard mayBeMissing else { throw .missing }
        return nil
    }
}

/// The verified claims of an ID token. Issuer and subject together identify the person; the other claims are for display.
package struct VerifiedIdentity: Hashable, Sendable {
    package var issuer: String
    /// Printable ASCII, 1 to 255 bytes.
    package var subject: String
    package var name: String?
    package var email: String?
    package var preferredUsername: String?
    /// Seconds since the epoch.
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
