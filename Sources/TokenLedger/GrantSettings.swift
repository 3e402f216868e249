package import Secrets
package import TokenWire

extension TokenSettings {
    /// How a token is come by, with what belongs to that way alone.
    package indirect enum Grant: Sendable, Equatable {
        /// RFC 6749 section 4.4: the client asks for itself
        case clientCredentials
        /// RFC 6749 section 4.1: a person signs in once; a refresh token does the rest
        case authorizationCode(SignInSettings)
        /// a token that somebody else made (PAT, SAT): held, never exchanged
        case reference(ReferenceSettings)

        package var kind: GrantKind {
            switch self {
            case .clientCredentials: .clientCredentials
            case .authorizationCode: .authorizationCode
            case .reference: .reference
            }
        }
    }
}

/// The ways alone, in the configuration's words.
package enum GrantKind: String, Sendable, CaseIterable {
    case clientCredentials = "client_credentials"
    case authorizationCode = "authorization_code"
    case reference
}

/// What `grant = "authorization_code"` brings along.
package struct SignInSettings: Sendable, Equatable {
    package enum ResponseType: String, Sendable, CaseIterable {
        case code
        /// OpenID Connect hybrid: the ID token comes with the code, by form_post
        case codeIDToken = "code id_token"
    }
    package var responseType: ResponseType
    /// As registered, to the letter; the first is the one that is used unless another is asked for. At least one.
    package var redirectURIs: [String]
    /// Where the browser may go after sign-out, as registered.
    package var postLogoutRedirectURI: String?
    /// `prompt`, `login_hint`: handed on as they are (OpenID Connect Core section 3.1.2.1).
    package var prompt: String?
    package var loginHint: String?
    /// Seconds; the person must have signed in at the server no longer ago.
    package var maxAge: Int?
    /// Whether a refresh asks for a rule's own scopes where they are fewer.
    package var narrow: Bool
    /// The server's refresh token ends with the access token: renewed always, however idle.
    package var refreshDiesWithToken: Bool
    /// Seconds from the sign-in after which the server wants the person again, however often the token was refreshed.
    package var refreshLifetime: Int?
    /// Seconds after which an unused refresh token ends.
    package var refreshIdle: Int?

    package init(
        responseType: ResponseType = .code, redirectURIs: [String], postLogoutRedirectURI: String? = nil, prompt: String? = nil,
        loginHint: String? = nil, maxAge: Int? = nil, narrow: Bool = false, refreshDiesWithToken: Bool = false, refreshLifetime: Int? = nil,
        refreshIdle: Int? = nil
    ) {
        self.responseType = responseType
        self.redirectURIs = redirectURIs
        self.postLogoutRedirectURI = postLogoutRedirectURI
        self.prompt = prompt
        self.loginHint = loginHint
        self.maxAge = maxAge
        self.narrow = narrow
        self.refreshDiesWithToken = refreshDiesWithToken
        self.refreshLifetime = refreshLifetime
        self.refreshIdle = refreshIdle
    }
}

/// What `grant = "reference"` brings along.
package struct ReferenceSettings: Sendable, Equatable {
    /// From a systemd credential or a file; `nil`: brought in with IMPORT.
    package var value: Secret?
    /// As the operator wrote it; `nil` when nobody said.
    package var expires: Expiry?
    /// Looks now and then whether the token is still good.
    package var probe: Probe?

    package struct Probe: Sendable, Equatable {
        package enum Way: Sendable, Equatable {
            /// a harmless GET at this https address, with the token in its header
            case api(String)
            /// RFC 7662, at the server's introspection endpoint
            case introspection
        }
        package var way: Way
        /// Seconds between two looks.
        package var every: Int

        package static let defaultInterval = 3_600

        package init(way: Way, every: Int = defaultInterval) {
            self.way = way
            self.every = every
        }
    }

    package init(value: Secret? = nil, expires: Expiry? = nil, probe: Probe? = nil) {
        self.value = value
        self.expires = expires
        self.probe = probe
    }
}
