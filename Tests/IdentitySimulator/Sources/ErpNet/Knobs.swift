/// The behaviour of the instance where the documentation of ERP.net contradicts itself. A test can change it.
package struct Knobs: Equatable, Sendable {
    package enum Switch: String, CaseIterable, Sendable { case on, off }
    package enum Shape: String, CaseIterable, Sendable { case new, old }
    package enum SiteStatus: String, CaseIterable, Sendable { case unknown = "Unknown", working = "Working", notWorking = "NotWorking" }
    package enum IssuerForm: String, CaseIterable, Sendable { case exact, slash, wrong, http, upper, missing }
    package enum Grant: String, CaseIterable, Sendable { case exact, subset, superset }
    package enum SecretOfPublic: String, CaseIterable, Sendable { case refuse, ignore }
    package enum ErrorOfMissingSecret: String, CaseIterable, Sendable {
        case invalidClient = "invalid_client", invalidRequest = "invalid_request"
    }
    package enum ErrorOfForbiddenGrant: String, CaseIterable, Sendable {
        case unauthorizedClient = "unauthorized_client", unsupportedGrantType = "unsupported_grant_type"
    }
    package enum Listing: String, CaseIterable, Sendable { case on, unlisted, off }
    package enum Consent: String, CaseIterable, Sendable { case off, on }
    package enum Right: String, CaseIterable, Sendable { case right, wrong, missing }
    package enum Denial: String, CaseIterable, Sendable {
        case off
        case accessDenied = "access_denied", loginRequired = "login_required", consentRequired = "consent_required"
        case interactionRequired = "interaction_required", accountSelectionRequired = "account_selection_required"
    }
    package enum IssuerParameter: String, CaseIterable, Sendable { case off, right, wrong }
    package enum PortOfLoopback: String, CaseIterable, Sendable { case exact, any }
    package enum CodeReuse: String, CaseIterable, Sendable { case reject, familyRevoke = "family-revoke" }
    package enum RefreshExpiry: String, CaseIterable, Sendable { case absolute, sliding }
    package enum UnrotatedAnswer: String, CaseIterable, Sendable { case same, absent }
    package enum RefreshScope: String, CaseIterable, Sendable { case ignore, narrow }
    package enum IDTokens: String, CaseIterable, Sendable {
        case on, off
        case notInFront = "not-in-front", notOnRefresh = "not-on-refresh"
    }
    package enum IDTokenPlace: String, CaseIterable, Sendable { case everywhere, front, code, refresh }

    /// `off`: 404.
    package var sysAutoDiscovery = Switch.on
    /// `off`: 404.
    package var toolsAutoDiscovery = Switch.on
    /// `old`: only `WebSites`.
    package var autoDiscoveryShape = Shape.new
    package var idStatus = SiteStatus.working
    /// `own`, `absent`, or an address that auto-discovery gives for the ID site.
    package var idURL = "own"
    /// `off`: the Domain API entry comes without `ODataServiceRoot`.
    package var odataRoot = Switch.on
    /// The `issuer` member of the metadata.
    package var issuer = IssuerForm.exact
    /// `on`: the endpoints and lists that stock servers have and ERP.net's pages do not show.
    package var optionalMetadata = Switch.off
    /// `on`: `read` is among `scopes_supported`.
    package var readInScopes = Switch.off
    package var errorDescriptions = Switch.off
    /// 401 adds `WWW-Authenticate` to `invalid_client`; 400 is the stock answer.
    package var invalidClientStatus = 400
    package var scopeGrant = Grant.exact
    package var publicSecret = SecretOfPublic.refuse
    package var missingSecret = ErrorOfMissingSecret.invalidClient
    package var forbiddenGrant = ErrorOfForbiddenGrant.unauthorizedClient
    /// Seconds that an access token lives.
    package var accessTTL = 3600
    /// `off`, or the login of the person who is signed in at once without pages.
    package var autoLogin = "off"
    /// The error of every authorization request, at once and without pages.
    package var deny = Denial.off
    /// `on`: a consent page is shown each time.
    package var consent = Consent.off
    /// The `iss` parameter of an authorization response (RFC 9207).
    package var issuerParameter = IssuerParameter.off
    /// `on`: the metadata announce the `iss` parameter.
    package var issuerAdvertised = Switch.off
    /// `off`: an authorization response comes without `session_state`.
    package var sessionState = Switch.on
    /// The `state` of an authorization response.
    package var stateAnswer = Right.right
    /// `any`: a loopback redirect URI matches with any port (RFC 8252 section 7.3).
    package var loopbackPort = PortOfLoopback.exact
    /// Seconds that an authorization code lives.
    package var codeTTL = 300
    /// `family-revoke`: the second use of a code ends the grant of the first.
    package var codeReuse = CodeReuse.reject
    /// `off`: there are no refresh tokens, whatever the scope.
    package var refreshTokens = Switch.on
    package var refreshMode = RefreshMode.reject
    /// The refresh token in a response without rotation: the same one, or none.
    package var unrotatedAnswer = UnrotatedAnswer.same
    /// `absolute`: a grant ends a fixed time after its creation; `sliding`: after its last refresh.
    package var refreshExpiry = RefreshExpiry.absolute
    package var refreshTTL = RefreshLife.byClientType
    /// `on`: responses contain the lifetime of the refresh token.
    package var refreshExpiresIn = Switch.off
    /// The effect of `scope` in a refresh. `narrow`: it is granted, and without `offline_access` there is no new refresh token.
    package var refreshScope = RefreshScope.ignore
    /// `on`: the access token of a refresh repeats `jti` and `iat` of the first, as stock servers do.
    package var repeatClaims = Switch.off
    /// Seconds that an ID token lives.
    package var idTokenTTL = 300
    package var idTokens = IDTokens.on
    /// The defect of ID tokens other than their claims.
    package var idTokenFlaw = JWT.Flaw.none
    /// Which ID tokens have the defects and the changed claims.
    package var idTokenFlawIn = IDTokenPlace.everywhere
    /// `on`: ID tokens have `name` and `email`.
    package var idTokenProfile = Switch.off
    /// `unlisted`: it works, but the metadata do not list it; `off`: 404.
    package var revocationEndpoint = Listing.on
    /// `on`: clients may introspect tokens, and the metadata list the endpoint; `off`: 401, as stock servers answer clients.
    package var introspection = Switch.off
    /// `on`: interactive applications may use device codes, and the metadata list the endpoint.
    package var deviceGrant = Switch.off
    /// Seconds that a device code lives.
    package var deviceTTL = 300
    /// The polling interval of a device in seconds.
    package var deviceInterval = 5
    /// `off`: ending a session keeps its refresh tokens.
    package var logoutKills = Switch.on
    /// `on`: a 401 of the API has `WWW-Authenticate: Bearer error="invalid_token"`.
    package var apiChallenge = Switch.on
    /// The number of licence slots.
    package var licences = 50
    /// The status of `MaximumLicenseCountExceeded`.
    package var licenceStatus = 500
    /// `off`: every response closes its connection.
    package var keepAlive = Switch.on

    package init() {}
}
