extension Identity {
    /// The claims of the person of an access token with `openid` (OpenID Connect Core 5.3).
    mutating func userinfo(_ request: Request, now: Int) -> Reply {
        do throws(AccessRefusal) {
            guard case .jwt = try PresentedToken(request) else { throw .otherScheme }
            let caller = try caller(request, audience: nil, now: now)
            guard !caller.isService, let person = person(caller.login) else { throw .serviceOnly }
            guard caller.scopes.contains("openid") else { throw .scopeMissing }
            let claims: JSON = ["sub": .string(person.login)]
            guard caller.scopes.contains("profile") else { return .json(claims) }
            return .json(claims.appending("name", .string(person.name)).appending("email", .string(person.email)))
        } catch {
            return error.reply(challenge: knobs.apiChallenge == .on)
        }
    }
}
