extension Identity {
    /// RFC 7009. The response is the same for an unknown, ended or foreign token as for a revoked one.
    mutating func revocation(_ request: Request) -> Reply {
        guard knobs.revocationEndpoint != .off else { return .page("404 Not Found", status: 404) }
        do throws(TokenRefusal) {
            let form = try tokenForm(request)
            let application = try authenticate(PresentedClient(request, form: form))
            guard let token = form["token"], !token.isEmpty else { throw .missingField }
            guard ["access_token", "refresh_token"].contains(form["token_type_hint"] ?? "access_token") else { throw .unknownTokenTypeHint }
            revoke(token, for: application.applicationUri)
            return Reply.nothing(status: 200).notStored()
        } catch {
            return error.reply(knobs)
        }
    }

    /// Ends the grant of a valid refresh token. An access token stays valid until it expires.
    private mutating func revoke(_ token: String, for client: String) {
        guard let grant = grants.grant(of: token), grant.client == client, grants.isUnspent(token) else { return }
        if !end(.revoked, { $0.id == grant.id }).isEmpty { counters.add("revocations", client: client) }
    }

    /// RFC 7662. Stock servers answer applications with 401, because only APIs may introspect.
    mutating func introspection(_ request: Request, now: Int) -> Reply {
        guard knobs.introspection == .on else { return Reply.nothing(status: 401).notStored() }
        do throws(TokenRefusal) {
            let form = try tokenForm(request)
            _ = try authenticate(PresentedClient(request, form: form))
            guard let token = form["token"], !token.isEmpty else { throw .missingField }
            return Reply.json(state(of: token, site: request.site, now: now) ?? ["active": false]).notStored()
        } catch {
            return error.reply(knobs)
        }
    }

    private func state(of token: String, site: Site, now: Int) -> JSON? {
        if let grant = grants.grant(of: token) {
            guard grants.accepts(token, now: now) else { return nil }
            return [
                "active": true, "client_id": .string(grant.client), "sub": .string(grant.signIn.login),
                "scope": .string(grant.scopes.joined(separator: " ")), "exp": .number(grant.expiry),
            ]
        }
        if let entry = references.entry(token) {
            guard entry.isGood(now: now) else { return nil }
            let state: JSON = [
                "active": true, "client_id": .string(entry.application), "sub": .string(entry.owner),
                "scope": .string(entry.scopes.joined(separator: " ")),
            ]
            return entry.expiry.map { state.appending("exp", .number($0)) } ?? state
        }
        guard let claims = try? AccessClaims(opening: token, with: keys), claims.issuer == site.issuer, now < claims.expiry else { return nil }
        let state: JSON = [
            "active": true, "iss": .string(claims.issuer), "client_id": .string(claims.clientID),
            "scope": .string(claims.scopes.joined(separator: " ")), "exp": .number(claims.expiry),
        ]
        return state.appending("sub", ifPresent: claims.subject)
    }
}
