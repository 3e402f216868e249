package import OAuth

/// A way to an identity server. A proxy that fails, or takes no login, says nothing of the server, nor of who reaches it in another way.
package struct ServerRoute: Hashable, Sendable {
    package var location: ServerLocation
    private var proxy: String?
    /// Whose login the proxy is told. A new password is the same way.
    private var user: String?

    package init(_ settings: ServerSettings) {
        location = settings.location
        proxy = settings.proxy?.url
        user = settings.proxy?.login?.user
    }
}

extension ServerLocation {
    /// What an administrator knows the server by.
    package var address: String {
        switch self {
        case .issuer(let url): url
        case .erpnet(let root, let issuer): issuer ?? root
        }
    }
}
