internal import ErpNet
internal import Glibc

/// `idp.json`: the data that a test needs to use the instance.
func describe(_ options: Options, site: Site, authority: String) -> JSON {
    [
        "name": "identity-simulator",
        "kind": "server",
        "issuer": .string(site.issuer),
        "erpnet": .string(site.root),
        "discovery": .string(site.issuer + "/.well-known/openid-configuration"),
        "api": .string(site.apiRoot),
        "me": .string(site.root + "/profile/me"),
        "ca_file": .string(authority),
        "control": .string(options.folder + "/control.sock"),
        "audit": .string(options.folder + "/audit.jsonl"),
        "pids": [.number(Int(getpid()))],
        "access_ttl": .number(options.accessTTL),
        "database": .string(options.database),
        "users": .array(Person.demo.filter { $0.password != nil }.map(\.description)),
        "clients": .object(DemoClient.all.map { JSON.Member(name: $0.role, value: $0.description(options.redirectURIs)) }),
        "endpoints": endpoints(site),
    ]
}

private func endpoints(_ site: Site) -> JSON {
    let names = [
        ("authorization", "authorize"), ("token", "token"), ("end_session", "endsession"), ("userinfo", "userinfo"),
        ("revocation", "revocation"), ("introspection", "introspect"), ("device_authorization", "deviceauthorization"),
    ]
    return .object(names.map { JSON.Member(name: $0.0, value: .string("\(site.issuer)/connect/\($0.1)")) })
        .appending("jwks", .string(site.issuer + "/.well-known/openid-configuration/jwks"))
}

extension DemoClient {
    fileprivate func description(_ redirectURIs: [String]) -> JSON {
        let application = application(adding: redirectURIs)
        let isPublic = application.clientType == .publicClient
        return [
            "client_id": .string(application.applicationUri),
            "client_secret": secret.map { .string($0) } ?? .null,
            "auth": secret == nil ? (isPublic ? ["none"] : []) : ["client_secret_post", "client_secret_basic"],
            "grants": JSON(grants),
            "scope": .string(application.scope),
            "redirect_uris": JSON(application.redirectURIs),
            "post_logout_redirect_uris": JSON(application.postLogoutRedirectURIs),
        ]
    }

    private var grants: [String] {
        guard application.isEnabled else { return [] }
        let service = application.systemUserAllowed && application.systemUser != nil ? ["client_credentials"] : []
        return service + (application.interactive ? ["authorization_code", "refresh_token"] : [])
    }
}

extension Person {
    fileprivate var description: JSON {
        ["login": .string(login), "password": password.map { .string($0) } ?? .null, "id": .string(id)]
    }
}
