/// The purpose of a path. The raw value names it in faults, counters and the audit log.
package enum Route: String, CaseIterable, Sendable {
    case sysAutoDiscovery = "sys-auto-discovery"
    case toolsAutoDiscovery = "tools-auto-discovery"
    case metadata
    case jwks
    case token
    case authorize
    /// The login page.
    case signIn = "sign-in"
    /// The consent page.
    case consent
    case endSession = "end-session"
    case userinfo
    case revocation
    case introspection
    case deviceAuthorization = "device-authorization"
    /// The page for the user code of a device.
    case device
    case api
    case me
    case login
    case version
    case serverInfo = "server-info"
    /// The hash tool takes a secret in its URL. It exists so that a test can prove that it is not called.
    case hashTool = "hash-tool"
    case other

    package init(path: String) {
        self =
            switch path {
            case "/sys/auto-discovery": .sysAutoDiscovery
            case "/tools/auto-discovery": .toolsAutoDiscovery
            case "/id/.well-known/openid-configuration": .metadata
            case "/id/.well-known/openid-configuration/jwks": .jwks
            case "/id/connect/token": .token
            case "/id/connect/authorize", "/id/connect/authorize/callback": .authorize
            case "/id/account/login": .signIn
            case "/id/consent": .consent
            case "/id/connect/endsession": .endSession
            case "/id/connect/userinfo": .userinfo
            case "/id/connect/revocation": .revocation
            case "/id/connect/introspect": .introspection
            case "/id/connect/deviceauthorization": .deviceAuthorization
            case "/id/device": .device
            case "/profile/me": .me
            case "/api/domain/login": .login
            case "/tools/ver": .version
            case "/tools/server-info": .serverInfo
            case "/tools/sha256", "/sys/tools/sha256": .hashTool
            case _ where path.hasPrefix("/api/domain/odata/"): .api
            default: .other
            }
    }

    /// Whether methods other than `GET` are answered with 405.
    var isOnlyRead: Bool {
        switch self {
        case .sysAutoDiscovery, .toolsAutoDiscovery, .metadata, .jwks, .me, .version, .serverInfo: true
        case .token, .authorize, .signIn, .consent, .endSession, .userinfo, .revocation, .introspection, .deviceAuthorization, .device, .api,
            .login, .hashTool, .other:
            false
        }
    }
}
