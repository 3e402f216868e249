internal import Keys

extension Identity {
    /// The response of the token endpoint for a person.
    struct UserAnswer {
        let application: TrustedApplication
        let signIn: SignIn
        let scopes: [String]
        /// The `jti` and `iat` of the access token.
        let tokenID: String
        let issued: Int
        let place: Knobs.IDTokenPlace
        let nonce: String?
        let state: String?
        let refreshToken: String?
        /// The lifetime end of the refresh token, in seconds since the epoch.
        let refreshExpiry: Int?
    }

    func userReply(_ answer: UserAnswer, site: Site, now: Int) throws -> Reply {
        guard let person = person(answer.signIn.login) else { throw TokenRefusal.userNotAllowed }
        let token = try JWT.sign(userClaims(answer, person, site: site, now: now), type: "at+jwt", with: keys.signing)
        var members: [JSON.Member] = []
        if answer.scopes.contains("openid") && knobs.idTokens != .off && !(answer.place == .refresh && knobs.idTokens == .notOnRefresh) {
            members.append(.init(name: "id_token", value: .string(try backToken(answer, accessToken: token, site: site, now: now))))
        }
        members += [
            .init(name: "access_token", value: .string(token)), .init(name: "expires_in", value: .number(knobs.accessTTL)),
            .init(name: "token_type", value: "Bearer"),
        ]
        if let refreshToken = answer.refreshToken {
            members.append(.init(name: "refresh_token", value: .string(refreshToken)))
            if knobs.refreshExpiresIn == .on, let expiry = answer.refreshExpiry {
                members.append(.init(name: "refresh_expires_in", value: .number(expiry - now)))
            }
        }
        members.append(.init(name: "scope", value: .string(answer.scopes.joined(separator: " "))))
        return .json(.object(members))
    }

    private func backToken(_ answer: UserAnswer, accessToken: String, site: Site, now: Int) throws -> String {
        let hashes = [("at_hash", accessToken)] + (answer.state.map { [("s_hash", $0)] } ?? [])
        return try idToken(
            answer.place, for: answer.application, answer.signIn, nonce: answer.nonce, hashes: hashes, site: site, now: now)
    }

    /// The claims in the format of ERP.net: flags are strings, and `offline_access` is the last scope.
    private func userClaims(_ answer: UserAnswer, _ person: Person, site: Site, now: Int) -> JSON {
        let scopes = answer.scopes.filter { $0 != "offline_access" } + answer.scopes.filter { $0 == "offline_access" }
        return [
            "nbf": .number(now), "exp": .number(now + knobs.accessTTL), "iss": .string(site.issuer), "aud": audience(scopes, site: site),
            "client_id": .string(answer.application.applicationUri), "sub": .string(person.login),
            "auth_time": .number(answer.signIn.time), "idp": "local", "id": .string(person.id), "name": .string(person.name),
            "email": .string(person.email), "user_type": .string(person.kind.rawValue), "is_admin": .string(String(person.isAdmin)),
            "email_verified": "true", "db": .string(database), "locale": "bg", "jti": .string(answer.tokenID),
            "sid": .string(answer.signIn.sessionID), "iat": .number(answer.issued), "scope": JSON(scopes), "amr": ["pwd"],
        ]
    }

    /// An ID token with the changes of the knobs and `idTokenChanges`.
    /// - Parameter hashes: the claim names and the values to hash.
    func idToken(
        _ place: Knobs.IDTokenPlace, for application: TrustedApplication, _ signIn: SignIn, nonce: String?, hashes: [(String, String)],
        site: Site, now: Int
    ) throws -> String {
        var claims: JSON = [
            "nbf": .number(now), "exp": .number(now + knobs.idTokenTTL), "iss": .string(site.issuer),
            "aud": .string(application.applicationUri),
        ]
        claims = claims.appending("nonce", ifPresent: nonce).appending("iat", .number(now))
        for (name, text) in hashes { claims = claims.appending(name, .string(JWT.halfHash(text))) }
        claims = .object(claims.members + personal(signIn).members)
        guard knobs.idTokenFlawIn == .everywhere || knobs.idTokenFlawIn == place else {
            return try JWT.idToken(claims, .none, with: keys.signing)
        }
        for (name, change) in idTokenChanges.sorted(by: { $0.key < $1.key }) { claims = change.apply(to: claims, name, now: now) }
        return try JWT.idToken(claims, knobs.idTokenFlaw, with: keys.signing)
    }

    private func personal(_ signIn: SignIn) -> JSON {
        let claims: JSON = [
            "sid": .string(signIn.sessionID), "sub": .string(signIn.login), "auth_time": .number(signIn.time), "idp": "local",
            "amr": ["pwd"],
        ]
        guard knobs.idTokenProfile == .on, let person = person(signIn.login) else { return claims }
        return claims.appending("name", .string(person.name)).appending("email", .string(person.email))
    }

    /// The granted part of the requested scopes. Community users can only identify themselves.
    func grantedScopes(_ asked: [String], of application: TrustedApplication, to person: Person) -> [String] {
        let identity = asked.filter(identityScopes.contains)
        let api = asked.filter { !identityScopes.contains($0) }
        guard person.kind == .internalUser else { return identity }
        return api.isEmpty ? identity : identity + bent(api, ceiling: application.apiScopes)
    }

    /// The granted scopes according to the knob.
    func bent(_ granted: [String], ceiling: [String]) -> [String] {
        switch knobs.scopeGrant {
        case .exact: granted
        case .subset: granted.count > 1 ? granted.dropLast() : granted
        case .superset: ceiling
        }
    }
}
