package import Secrets
package import TokenWire

/// What outlives the daemon for one credential: the secret that brings new access tokens, and what it is bound to.
package struct StoredRecord: Hashable, Sendable {
    package enum Kind: UInt8, Sendable, CaseIterable {
        /// `secret` is a refresh token.
        case refresh = 1
        /// `secret` is a token that is served as it is.
        case reference = 2
        /// A tombstone: the person signed out, and there is no secret. Ends with the next sign-in.
        case ended = 3
    }
    package var name: TokenName
    package var kind: Kind
    package var binding: RecordBinding
    /// Grows with every record of this name that was ever written.
    package var generation: UInt64
    /// Grows with every LOGIN, LOGOUT and IMPORT: which sign-in this is.
    package var grant: UInt64
    package var secret: Secret
    /// The last one that came with a token; the server wants it back as a hint when the person signs out.
    package var idToken: Secret?
    /// What the server granted.
    package var scopes: [String]
    /// Seconds since the epoch: when the person signed in, or the value was imported.
    package var signedIn: Int64
    /// Seconds since the epoch: when `secret` came.
    package var rotated: Int64
    /// The end of a reference token; `nil` is unknown.
    package var expires: Expiry?
    /// Seconds that an unused refresh token lives, as the server hinted.
    package var idleLifetime: Int64?
    /// Of the refresh token that this one replaced. The token itself is never kept.
    package var spent: Fingerprint?
    /// A sign-in here brought this grant, or it has refreshed since it was imported: `invalid_request` then means a dead token, not a wrong form.
    package var isProven: Bool
    /// Who ran the sign-in: only this uid is given the ID token back. `nil` for an import, and in records of before this was written.
    package var signer: UInt32?

    package init(
        name: TokenName, kind: Kind, binding: RecordBinding, generation: UInt64, grant: UInt64, secret: Secret, idToken: Secret? = nil,
        scopes: [String] = [], signedIn: Int64, rotated: Int64, expires: Expiry? = nil, idleLifetime: Int64? = nil,
        spent: Fingerprint? = nil, isProven: Bool = false, signer: UInt32? = nil
    ) {
        self.name = name
        self.kind = kind
        self.binding = binding
        self.generation = generation
        self.grant = grant
        self.secret = secret
        self.idToken = idToken
        self.scopes = scopes
        self.signedIn = signedIn
        self.rotated = rotated
        self.expires = expires
        self.idleLifetime = idleLifetime
        self.spent = spent
        self.isProven = isProven
        self.signer = signer
    }
}

extension StoredRecord {
    /// A record that an earlier version wrote after a sign-in is not marked, but for the person in it.
    var isKnownGood: Bool { isProven || idToken != nil || binding.subject != nil }
}

/// Whose the secret is: it goes to nobody else (RT-14). Sealed with it, so that neither can be exchanged.
package struct RecordBinding: Hashable, Sendable {
    /// The identity server's address, as the configuration names it.
    package var server: String
    package var clientID: String
    /// How the configuration gets the token, `authorization_code`.
    package var grant: String
    /// The person, as the server names them; `nil` where there is none or it is not known.
    package var subject: String?

    package init(server: String, clientID: String, grant: String, subject: String? = nil) {
        self.server = server
        self.clientID = clientID
        self.grant = grant
        self.subject = subject
    }
}
