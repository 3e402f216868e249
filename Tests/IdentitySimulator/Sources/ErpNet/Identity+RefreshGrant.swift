internal import Keys

extension Identity {
    /// Redeems a refresh token. A rejected request consumes nothing.
    mutating func refreshGrant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        guard application.interactive else { throw TokenRefusal.grantNotAllowed }
        guard let handle = form["refresh_token"], !handle.isEmpty else { throw TokenRefusal.missingField }
        let grant = try present(handle, by: application, now: now)
        guard let person = person(grant.signIn.login), application.admits(person) else { throw TokenRefusal.userNotAllowed }
        let scopes = try refreshedScopes(form["scope"], of: grant)
        let successor = spend(handle, of: grant, by: application, isKept: !scopes.contains("offline_access"), now: now)
        counters.add("refresh-grants", client: application.applicationUri)
        let repeats = knobs.repeatClaims == .on
        let answer = UserAnswer(
            application: application, signIn: grant.signIn, scopes: scopes, tokenID: repeats ? grant.firstTokenID : randomHex(bytes: 16),
            issued: repeats ? grant.began : now, place: .refresh, nonce: nil, state: nil, refreshToken: successor,
            refreshExpiry: grants.grant(of: handle)?.expiry)
        return try userReply(answer, site: site, now: now)
    }

    private mutating func present(_ handle: String, by application: TrustedApplication, now: Int) throws(TokenRefusal) -> Grants.Grant {
        if grants.isSpent(handle, of: application.applicationUri) { counters.add("reused", client: application.applicationUri) }
        do throws(TokenRefusal) {
            return try grants.present(handle, client: application.applicationUri, mode: knobs.refreshMode, now: now)
        } catch {
            if error == .usedRefreshToken && knobs.refreshMode == .familyRevoke, let family = grants.grant(of: handle)?.id {
                end(.reuse) { $0.id == family }
                counters.add("families-revoked", client: application.applicationUri)
            }
            throw error
        }
    }

    /// The scopes of this refresh. A scope that was not granted is rejected.
    private func refreshedScopes(_ asked: String?, of grant: Grants.Grant) throws(TokenRefusal) -> [String] {
        guard knobs.refreshScope == .narrow, let asked, !asked.isEmpty else { return grant.scopes }
        let wanted = scopeWords(asked)
        guard wanted.allSatisfy(grant.scopes.contains) else { throw .scopeOutsideCeiling }
        return wanted
    }

    /// The refresh token of the response.
    /// - Parameter isKept: the old one stays valid, and there is no new one.
    private mutating func spend(
        _ handle: String, of grant: Grants.Grant, by application: TrustedApplication, isKept: Bool, now: Int
    ) -> String? {
        let mode = isKept ? .noRotation : knobs.refreshMode
        let life = knobs.refreshTTL.seconds(for: application.clientType)
        let successor = grants.spend(handle, mode: mode, now: now, life: knobs.refreshExpiry == .sliding ? life : nil)
        if let successor { return successor }
        return isKept || knobs.unrotatedAnswer == .absent ? nil : handle
    }

    /// Ends the grants that match `which`.
    @discardableResult
    mutating func end(_ cause: Grants.End, _ which: (Grants.Grant) -> Bool) -> [Int] { grants.end(cause, which) }
}
