internal import Keys

extension Identity {
    /// Redeems a code. A code of this client is invalidated by every attempt.
    mutating func codeGrant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        guard application.interactive else { throw TokenRefusal.grantNotAllowed }
        guard let value = form["code"], !value.isEmpty else { throw TokenRefusal.missingField }
        let code = try take(value, for: application)
        try check(code, against: form, of: application, now: now)
        let (answer, grant) = begin(application, code.signIn, scopes: code.scopes, nonce: code.nonce, state: code.state, now: now)
        codes.note(value, gave: grant ?? 0)
        counters.add("code-grants", client: code.client)
        return try userReply(answer, site: site, now: now)
    }

    private mutating func take(_ value: String, for application: TrustedApplication) throws(TokenRefusal) -> Codes.Code {
        do throws(TokenRefusal) {
            return try codes.take(value, for: application.applicationUri)
        } catch {
            if error == .usedCode && knobs.codeReuse == .familyRevoke, let grant = codes.grant(of: value) {
                end(.codeReuse) { $0.id == grant }
            }
            throw error
        }
    }

    private func check(_ code: Codes.Code, against form: Form, of application: TrustedApplication, now: Int) throws(TokenRefusal) {
        guard now < code.expiry else { throw .expiredCode }
        guard let redirectURI = form["redirect_uri"], !redirectURI.isEmpty else { throw .missingRedirectURI }
        guard redirectURI == code.redirectURI else { throw .otherRedirectURI }
        guard let person = person(code.signIn.login), application.admits(person) else { throw .userNotAllowed }
        switch (code.challenge, form["code_verifier"]) {
        case (nil, nil): break
        case (nil, _?): throw .unexpectedVerifier
        case (_?, nil): throw .missingVerifier
        case (let challenge?, let verifier?):
            guard (43...128).contains(verifier.utf8.count), base64url(sha256(verifier.utf8)) == challenge else { throw .wrongVerifier }
        }
    }

    /// The first response of a grant, and its number if it can be refreshed.
    mutating func begin(
        _ application: TrustedApplication, _ signIn: SignIn, scopes: [String], nonce: String?, state: String?, now: Int
    ) -> (UserAnswer, grant: Int?) {
        let tokenID = randomHex(bytes: 16)
        var begun: (grant: Grants.Grant, handle: String)?
        if scopes.contains("offline_access") && knobs.refreshTokens == .on {
            begun = grants.begin(
                client: application.applicationUri, signIn: signIn, scopes: scopes, firstTokenID: tokenID, now: now,
                life: knobs.refreshTTL.seconds(for: application.clientType))
        }
        let answer = UserAnswer(
            application: application, signIn: signIn, scopes: scopes, tokenID: tokenID, issued: now, place: .code, nonce: nonce, state: state,
            refreshToken: begun?.handle, refreshExpiry: begun?.grant.expiry)
        return (answer, begun?.grant.id)
    }
}
