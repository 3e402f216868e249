internal import Keys

/// A client as an administrator registers it in the Instance Manager, with ERP.net's attributes.
package struct TrustedApplication: Equatable, Sendable {
    package enum ClientType: String, CaseIterable, Sendable {
        case confidential = "Confidential"
        case publicClient = "Public"
        /// A mere note; it cannot authenticate.
        case note = "None"
    }

    package enum TokenIssue: String, CaseIterable, Sendable {
        case none = "None"
        case authenticatedUsers = "AuthenticatedUsers"
        case administratorsOnly = "AdministratorsOnly"
    }

    /// The `client_id`; compared byte by byte.
    package let applicationUri: String
    package var clientType = ClientType.confidential
    /// Base64 of the SHA-256 of the secret. The secret itself is not kept.
    package var applicationSecretHash: String?
    package var impersonateLoginUrl = ""
    package var impersonateLogoutUrl = ""
    package var impersonateAsInternalUserAllowed = false
    package var impersonateAsCommunityUserAllowed = false
    package var systemUserAllowed = false
    /// The login of the user that service calls run as.
    package var systemUser: String?
    /// The ceiling of what may be granted, space-delimited: `read update`.
    package var scope = ""
    package var accessTokens = TokenIssue.none
    package var basicAuthenticationAllowed = false
    package var isEnabled = true

    package init(applicationUri: String) { self.applicationUri = applicationUri }

    package static func hash(ofSecret secret: String) -> String { base64(sha256(secret.utf8)) }

    package func accepts(secret: String) -> Bool { applicationSecretHash == Self.hash(ofSecret: secret) }

    /// The API scopes of the ceiling. A protocol scope that an administrator wrote there is harmless.
    package var apiScopes: [String] { scopeWords(scope).filter { !identityScopes.contains($0) } }

    /// Where answers of the authorization endpoint may go, each to be matched byte by byte.
    package var redirectURIs: [String] { Self.list(impersonateLoginUrl) }

    /// Where a browser may go after signing out.
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

/// The scopes that belong to the protocol and to a person; a service gets none of them.
package let identityScopes: Set<String> = ["openid", "profile", "offline_access"]

/// The words of a space-delimited scope list, each once, in their order.
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
