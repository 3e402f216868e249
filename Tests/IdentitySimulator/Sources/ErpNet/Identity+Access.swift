internal import Keys

/// The caller of the API or the Profile site.
struct Caller {
    /// The login of its user.
    let login: String
    let scopes: [String]
    /// The key of its licence slot.
    let session: String
    /// The session of a service has an absolute end.
    let isService: Bool
}

/// The single credential of a request.
enum PresentedToken: Equatable {
    case jwt(String)
    case reference(String)

    /// Reads `Authorization: Bearer`, `X-Api-Key` and `Api-Key`. Exactly one of them must be present.
    init(_ request: Request) throws(AccessRefusal) {
        let authorizations = request.values(of: "Authorization")
        let keys = request.values(of: "X-Api-Key") + request.values(of: "Api-Key")
        guard authorizations.count + keys.count <= 1 else { throw .severalMethods }
        if let key = keys.first {
            self = .reference(key)
            return
        }
        guard let authorization = authorizations.first else { throw .noCredential }
        let words = authorization.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "bearer" else { throw .otherScheme }
        self = words[1].hasPrefix("enrt_") ? .reference(String(words[1])) : .jwt(String(words[1]))
    }
}

extension Identity {
    mutating func caller(_ request: Request, audience: String?, now: Int) throws(AccessRefusal) -> Caller {
        switch try PresentedToken(request) {
        case .jwt(let token): try caller(jwt: token, audience: audience, site: request.site, now: now)
        case .reference(let token): try caller(reference: token, now: now)
        }
    }

    private func caller(jwt token: String, audience: String?, site: Site, now: Int) throws(AccessRefusal) -> Caller {
        let claims = try AccessClaims(opening: token, with: keys)
        guard claims.issuer == site.issuer else { throw .wrongIssuer }
        guard now >= claims.notBefore else { throw .notYetValid }
        guard now < claims.expiry else { throw .expired }
        guard audience.map(claims.audience.contains) ?? true else { throw .wrongAudience }
        return Caller(
            login: claims.subject ?? claims.systemUser ?? "", scopes: claims.scopes,
            session: claims.sessionID ?? fingerprint(token), isService: claims.subject == nil)
    }

    private mutating func caller(reference token: String, now: Int) throws(AccessRefusal) -> Caller {
        let entry = try references.use(token, now: now)
        return Caller(login: entry.owner, scopes: entry.scopes, session: entry.id, isService: entry.kind == .system)
    }
}
