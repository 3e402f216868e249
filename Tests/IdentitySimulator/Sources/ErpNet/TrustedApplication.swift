internal import Keys

/// A client registered in the Instance Manager, with its ERP.net attributes.
package struct TrustedApplication: Equatable, Sendable {
    package enum ClientType: String, CaseIterable, Sendable {
        case confidential = "Confidential"
        case publicClient = "Public"
        /// A note only; it cannot authenticate.
        case note = "None"
    }

    package enum TokenIssue: String, CaseIterable, Sendable {
        case none = "None"
        case authenticatedUsers = "AuthenticatedUsers"
        case administratorsOnly = "AdministratorsOnly"
    }

    /// The `client_id`, compared byte by byte.
    package let applicationUri: String
    package var clientType = ClientType.confidential
    /// Base64 of the SHA-256 of the secret, which itself is not stored.
    package var applicationSecretHash: String?
    package var impersonateLoginUrl = ""
    package var impersonateLogoutUrl = ""
    package var impersonateAsInternalUserAllowed = false
    package var impersonateAsCommunityUserAllowed = false
    package var systemUserAllowed = false
    /// The login of the user of service calls.
    package var systemUser: String?
    /// The maximum scopes, separated by spaces: `read update`.
    package var scope = ""
    package var accessTokens = TokenIssue.none
    package var basicAuthenticationAllowed = false
    package var isEnabled = true

    package init(applicationUri: String) { self.applicationUri = applicationUri }

    package static func hash(ofSecret secret: String) -> String { base64(sha256(secret.utf8)) }

    package func accepts(secret: String) -> Bool { applicationSecretHash == Self.hash(ofSecret: secret) }

    /// The API scopes of the maximum. A protocol scope among them has no effect.
    package var apiScopes: [String] { scopeWords(scope).filter { !identityScopes.contains($0) } }

    /// The redirect URIs, compared byte by byte.
    package var redirectURIs: [String] { Self.list(impersonateLoginUrl) }

    /// The redirect URIs after signing out.
    package var postLogoutRedirectURIs: [String] { Self.list(impersonateLogoutUrl) }

    /// Whether this person may sign in to it.
    package func admits(_ person: Person) -> Bool {
        switch person.kind {
        case .internalUser: impersonateAsInternalUserAllowed
        case .communityUser: impersonateAsCommunityUserAllowed
        case .systemUser: false
        }
    }

    package var interactive: Bool { impersonateAsInternalUserAllowed || impersonateAsCommunityUserAllowed }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { $0.trimmingBlanks }.filter { !$0.isEmpty }
    }
}

/// The protocol scopes for people. A service gets none of them.
package let identityScopes: Set<String> = ["openid", "profile", "offline_access"]

/// The scopes of a space-delimited list, without duplicates, in order.
package func scopeWords(_ text: String) -> [String] {
    text.split(separator: " ").reduce(into: []) { words, word in
        if !words.contains(String(word)) { words.append(String(word)) }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
