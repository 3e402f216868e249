internal import Codecs
package import Secrets

/// A person as an identity server identifies them.
package struct Person: Hashable, Sendable {
    /// `sub`: printable ASCII, 1 to 255 bytes. Only this identifies the person.
    package var subject: String
    /// For display: the first of `preferred_username`, `email` and `name` in the ID token, at most 255 bytes without control characters. `nil` if
    /// there is none, or if it equals `sub`.
    package var name: String?

    package init(subject: String, name: String? = nil) {
        self.subject = subject
        self.name = name == subject ? nil : name
    }

    package init(_ identity: VerifiedIdentity) {
        self.init(subject: identity.subject, name: identity.preferredUsername ?? identity.email ?? identity.name)
    }

    /// The person of a stored sign-in. `idToken` was verified before it was stored. It is ignored if it cannot be parsed or has another subject.
    package init(subject: String, stored idToken: Secret?) {
        var name: String?
        if let idToken, let token = try? IDToken(idToken), (try? token.text("sub")) == subject {
            name = token.readable("preferred_username") ?? token.readable("email") ?? token.readable("name")
        }
        self.init(subject: subject, name: name)
    }
}
