package import OAuth
package import Secrets
package import TokenWire

/// Names one sign-in that has begun: 128 random bits. Nobody can guess it, and it is of use to the uid that began it alone.
package struct LoginID: Hashable, Sendable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    package init(_ high: UInt64, _ low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the 32 lower-case hex digits that `description` writes; `nil` for anything else.
    package init?(_ text: String) {
        guard text.utf8.count == 32, let high = Fingerprint(text.prefix(16)), let low = Fingerprint(text.suffix(16)) else { return nil }
        self.init(high.bits, low.bits)
    }

    package var description: String { Fingerprint(bits: high).description + Fingerprint(bits: low).description }
}

/// What nobody may guess of one sign-in; made at the edge, where randomness and SHA-256 are.
package struct SignInEntropy: Sendable {
    package var id: LoginID
    /// At least 128 random bits each, in base64url.
    package var state: Secret
    package var nonce: Secret
    /// 43 ... 128 unreserved characters of at least 256 random bits (RFC 7636 section 4.1).
    package var verifier: Secret
    /// base64url of the verifier's SHA-256.
    package var challenge: String

    package init(id: LoginID, state: Secret, nonce: Secret, verifier: Secret, challenge: String) {
        self.id = id
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
        self.challenge = challenge
    }
}

/// What LOGIN, CALLBACK, CONFIRM, AWAIT, CANCEL, LOGOUT and IMPORT are told when they succeed. Times are seconds since the epoch.
package enum SignInAnswer: Sendable {
    /// The address to open in a browser, and until when its answer is taken.
    case began(LoginID, url: String, expires: Int64)
    case signedIn(SignedIn)
    /// Another person than before has signed in, or (`was` is nil) the first one: nothing is stored until CONFIRM.
    case confirm(Person, was: Person?)
    /// CANCEL: nobody waits for the sign-in any more.
    case cancelled
    /// LOGOUT. `url`: where the person's session at the server can be ended. `trouble`: why the server may not know of it.
    case signedOut(isRevoked: Bool, url: String?, trouble: String?)
    case imported(Fingerprint)
}

/// A sign-in that is in force.
package struct SignedIn: Hashable, Sendable {
    /// `nil` where the server was not asked who it is (no `openid`).
    package var person: Person?
    /// Seconds since the epoch: when somebody has to sign in again, as far as anybody knows. Never the end of the access token.
    package var until: Int64?
    /// The end of the access token where the server gave no refresh token: it cannot be renewed. Else `nil`.
    package var unrenewable: Expiry?

    package init(person: Person?, until: Int64?, unrenewable: Expiry?) {
        self.person = person
        self.until = until
        self.unrenewable = unrenewable
    }
}
