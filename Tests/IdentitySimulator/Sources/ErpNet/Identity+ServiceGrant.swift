internal import Keys

extension Identity {
    /// Client credentials: a token for the System User of the application, without a refresh token.
    mutating func serviceGrant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        let systemUser = try systemUser(of: application)
        let scopes = try grantedScopes(form["scope"], to: application)
        let claims = serviceClaims(application, systemUser: systemUser, scopes: scopes, site: site, now: now)
        counters.add("service-grants", client: application.applicationUri)
        return .json([
            "access_token": .string(try JWT.sign(claims, type: "at+jwt", with: keys.signing)),
            "expires_in": .number(knobs.accessTTL),
            "token_type": "Bearer",
            "scope": .string(scopes.joined(separator: " ")),
        ])
    }

    private func systemUser(of application: TrustedApplication) throws(TokenRefusal) -> Person {
        guard application.clientType == .confidential, application.systemUserAllowed else { throw .serviceNotAllowed }
        guard let person = people.first(where: { $0.login == application.systemUser }) else { throw .noSystemUser }
        return person
    }

    /// Without a scope parameter, all scopes of the application are granted.
    private func grantedScopes(_ asked: String?, to application: TrustedApplication) throws(TokenRefusal) -> [String] {
        let ceiling = application.apiScopes
        let wanted = scopeWords(asked ?? "")
        guard !wanted.contains(where: identityScopes.contains) else { throw .identityScope }
        guard wanted.allSatisfy(ceiling.contains) else { throw .scopeOutsideCeiling }
        let granted = wanted.isEmpty ? ceiling : wanted
        guard !granted.isEmpty else { throw .scopeOutsideCeiling }
        return bent(granted, ceiling: ceiling)
    }

    private func serviceClaims(
        _ application: TrustedApplication, systemUser: Person, scopes: [String], site: Site, now: Int
    ) -> JSON {
        [
            "nbf": .number(now),
            "exp": .number(now + knobs.accessTTL),
            "iss": .string(site.issuer),
            "aud": audience(scopes, site: site),
            "client_id": .string(application.applicationUri),
            "client_system_user": .string(systemUser.login),
            "client_system_user_type": .string(systemUser.kind.rawValue),
            "client_system_user_id": .string(systemUser.id),
            "client_db": .string(database),
            "jti": .string(randomHex(bytes: 16)),
            "iat": .number(now),
            "scope": JSON(scopes),
        ]
    }

    /// A token without an API scope is for the Identity site only, and its audience is a plain string.
    func audience(_ scopes: [String], site: Site) -> JSON {
        let own = site.issuer + "/resources"
        guard scopes.contains(where: { !identityScopes.contains($0) }) else { return .string(own) }
        return JSON(["DomainAPI", "TableAPI", "OLAP", "AppServer", own])
    }
}
