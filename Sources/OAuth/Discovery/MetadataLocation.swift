/// The location of an issuer's metadata.
package enum MetadataLocation: Sendable {
    /// appended to the issuer (OpenID Connect Discovery 1.0 section 4)
    case openID
    /// between host and path (RFC 8414 section 3.1)
    case oauth

    private static let openIDSuffix = "/.well-known/openid-configuration"
    private static let oauthInfix = "/.well-known/oauth-authorization-server"

    func url(of issuer: HTTPSURL) -> String {
        let path = issuer.path.hasSuffix("/") ? String(issuer.path.dropLast()) : issuer.path
        return switch self {
        case .openID: issuer.origin + path + Self.openIDSuffix
        case .oauth: issuer.origin + Self.oauthInfix + path
        }
    }

    /// The issuer whose metadata are at this URL, without a possible trailing slash. `nil` if the URL has neither form.
    package static func issuer(ofMetadataAt address: String) -> String? {
        guard let url = try? HTTPSURL(address) else { return nil }
        if url.path.hasSuffix(openIDSuffix) { return url.origin + url.path.dropLast(openIDSuffix.count) }
        if url.path.hasPrefix(oauthInfix) { return url.origin + url.path.dropFirst(oauthInfix.count) }
        return nil
    }
}
