internal import Keys

/// The connection and the time of a request.
package struct Arrival: Sendable {
    package let listener: String
    package let connection: Int
    package let elapsed: Double

    package init(listener: String, connection: Int, elapsed: Double) {
        self.listener = listener
        self.connection = connection
        self.elapsed = elapsed
    }
}

extension AuditEntry {
    /// Form fields of which only a fingerprint is logged.
    private static let secretFields: Set<String> = [
        "client_secret", "code", "device_code", "code_verifier", "refresh_token", "token", "password", "assertion", "client_assertion",
        "subject_token", "actor_token", "id_token_hint",
    ]

    init(_ request: Request, sequence: Int, arrival: Arrival, time: Int, client: String?, fault: Fault?) {
        let form = request.form
        self.sequence = sequence
        elapsed = arrival.elapsed
        self.time = time
        listener = arrival.listener
        connection = arrival.connection
        route = request.route
        method = request.method
        path = request.path
        queryFields = request.query.flatMap { Form(decoding: Array($0.utf8)) }?.fields.map(\.name) ?? []
        headers = request.headers.map { $0.name.lowercased() }
        userAgent = request.values(of: "User-Agent").first
        contentType = request.values(of: "Content-Type").first
        authentication = Self.authentication(request, form: form)
        self.client = client
        fields = form?.fields.map(\.name)
        grantType = form?["grant_type"]
        scope = form?["scope"]
        fingerprints = Self.fingerprints(request, form: form)
        self.fault = fault.map(\.word)
        outcome = nil
    }

    private static func authentication(_ request: Request, form: Form?) -> String {
        var ways = request.values(of: "Authorization").map { scheme(of: $0) }
        ways += ["X-Api-Key", "Api-Key"].flatMap { name in request.values(of: name).map { _ in name.lowercased() } }
        if form?["client_secret"] != nil { ways.append("body") }
        if ways == ["basic", "body"] { return "both" }
        return ways.count > 1 ? "several" : ways.first ?? "none"
    }

    private static func scheme(of authorization: String) -> String {
        let scheme = authorization.prefix { $0 != " " }.lowercased()
        return scheme == "basic" || scheme == "bearer" ? scheme : "other"
    }

    private static func fingerprints(_ request: Request, form: Form?) -> [String: String] {
        var result: [String: String] = [:]
        for field in form?.fields ?? [] where secretFields.contains(field.name) { result[field.name] = fingerprint(field.value) }
        for name in ["X-Api-Key", "Api-Key"] {
            for value in request.values(of: name) { result[name.lowercased()] = fingerprint(value) }
        }
        guard let authorization = request.values(of: "Authorization").first else { return result }
        if scheme(of: authorization) == "bearer" {
            result["bearer"] = fingerprint(String(authorization.dropFirst("bearer ".count)))
        } else if let form, let client = try? PresentedClient(request, form: form), client.method == .basic {
            result["client_secret"] = client.secret.map { fingerprint($0) }
        }
        return result
    }
}
