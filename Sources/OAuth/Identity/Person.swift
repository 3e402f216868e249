package import Secrets

/// A person as an identity server names them.
package struct Person: Hashable, Sendable {
    /// `sub`: printable ASCII, 1 to 255 bytes. It alone says who it is.
    package var subject: String
    /// For reading: the first of `preferred_username`, `email` and `name` that the ID token has; at most 255 bytes, without control characters.
    /// `nil` where it has none, or only `sub` again.
    package var name: String?

    package init(subject: String, name: String? = nil) {
        self.subject = subject
        self.name = name == subject ? nil : name
    }

    package init(_ identity: VerifiedIdentity) {
        self.init(subject: identity.subject, name: identity.preferredUsername ?? identity.email ?? identity.name)
    }

    /// The person of a stored sign-in. `idToken` was verified before it was stored; one that cannot be read, or is somebody else's, names nobody.
    package init(subject: String, stored idToken: Secret?) {
        var name: String?
        if let idToken, let token = try? IDToken(idToken), (try? token.text("sub")) == subject {
            name = token.readable("preferred_username") ?? token.readable("email") ?? token.readable("name")
        }
        self.init(subject: subject, name: name)
    }
}
