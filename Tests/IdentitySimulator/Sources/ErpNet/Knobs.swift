/// How the instance behaves until somebody turns a knob back; what a test may change about ERP.net's contradictions.
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
    /// `on`: a 401 of the API carries `WWW-Authenticate: Bearer error="invalid_token"`.
    package var apiChallenge = Switch.on
    /// Licence slots of the instance.
    package var licences = 50
    /// The status of `MaximumLicenseCountExceeded`.
    package var licenceStatus = 500
    /// `off`: every answer closes its connection.
    package var keepAlive = Switch.on

    package init() {}
}
