/// The requests that a fault affects.
package struct FaultTarget: Equatable, Sendable, CustomStringConvertible {
    enum Place: Equatable, Sendable {
        case any
        case routes([Route])
        case path(String)
        case prefix(String)
    }

    let place: Place
    /// Only requests with this client in the form or in the Basic header.
    package let client: String?
    /// Only token requests of this `grant_type`.
    package let grantType: String?
    package let description: String

    /// - Parameter text: a route (`token`), `auto-discovery` for both of its paths, `any`, a path, or a path that ends in `*`.
    package init(_ text: String, client: String?, grantType: String? = nil) throws(ControlError) {
        self.client = client
        self.grantType = grantType
        description = text
        place =
            switch text {
            case "any": .any
            case "auto-discovery": .routes([.sysAutoDiscovery, .toolsAutoDiscovery])
            case _ where text.hasPrefix("/") && text.hasSuffix("*"): .prefix(String(text.dropLast()))
            case _ where text.hasPrefix("/"): .path(text)
            default: .routes([try Self.route(text)])
            }
    }

    func meets(_ request: Request, client: String?) -> Bool {
        guard self.client == nil || self.client == client else { return false }
        guard grantType == nil || grantType == request.form?["grant_type"] else { return false }
        return switch place {
        case .any: true
        case .routes(let routes): routes.contains(request.route)
        case .path(let path): request.path == path
        case .prefix(let prefix): request.path.hasPrefix(prefix)
        }
    }

    private static func route(_ text: String) throws(ControlError) -> Route {
        guard let route = Route(rawValue: text) else {
            let names = Route.allCases.map(\.rawValue).joined(separator: ", ")
            throw ControlError("no target \"\(text)\"; it is any, auto-discovery, \(names), or a path")
        }
        return route
    }
}
