/// The base URL of an instance: every URL in its responses begins with it.
package struct Site: Hashable, Sendable {
    /// For example `https://localhost:8443`, without a trailing slash.
    package let root: String

    package init(root: String) { self.root = root }

    package var issuer: String { root + "/id" }
    package var apiRoot: String { root + "/api/domain/odata/" }

    /// The host name without the port.
    package var host: String {
        let authority = root.drop { $0 != "/" }.drop { $0 == "/" }
        return String(authority.prefix { $0 != ":" })
    }
}

/// One HTTP request with its complete body.
package struct Request: Sendable {
    package struct Header: Equatable, Sendable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package let site: Site
    package let method: String
    /// The path, still percent-encoded, without the query.
    package let path: String
    package let query: String?
    package let headers: [Header]
    package let body: [UInt8]

    /// - Parameter target: path and query, as in the request line.
    package init(site: Site, method: String, target: String, headers: [Header], body: [UInt8]) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.site = site
        self.method = method
        path = parts.first.map(String.init) ?? ""
        query = parts.count == 2 ? String(parts[1]) : nil
        self.headers = headers
        self.body = body
    }

    /// All values of a header; the name is case-insensitive.
    package func values(of name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }

    package var route: Route { Route(path: path) }

    /// The body as a form if the content type says so.
    package var form: Form? {
        guard isForm else { return nil }
        return Form(decoding: body)
    }

    package var isForm: Bool {
        let type = values(of: "Content-Type").first?.lowercased() ?? ""
        return type.prefix { $0 != ";" && $0 != " " } == "application/x-www-form-urlencoded"
    }
}
