internal import Keys

extension Identity {
    /// Exchanges a code. Once the code is found to be this client's it is burnt, whatever comes of the attempt.
    mutating func codeGrant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        guard application.interactive else { throw TokenRefusal.grantNotAllowed }
        guard let value = form["code"], !value.isEmpty else { throw TokenRefusal.missingField }
        let code = try take(value, for: application)
        try check(code, against: form, of: application, now: now)
        return try userReply(begin(code, value, for: application, now: now), site: site, now: now)
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

    private mutating func begin(_ code: Codes.Code, _ value: String, for application: TrustedApplication, now: Int) -> UserAnswer {
        let tokenID = randomHex(bytes: 16)
        var begun: (grant: Grants.Grant, handle: String)?
        if code.scopes.contains("offline_access") && knobs.refreshTokens == .on {
            begun = grants.begin(
                client: code.client, signIn: code.signIn, scopes: code.scopes, firstTokenID: tokenID, now: now,
                life: knobs.refreshTTL.seconds(for: application.clientType))
        }
        codes.note(value, gave: begun?.grant.id ?? 0)
        counters.add("code-grants", client: code.client)
        return UserAnswer(
            application: application, signIn: code.signIn, scopes: code.scopes, tokenID: tokenID, issued: now, place: .code,
            nonce: code.nonce, state: code.state, refreshToken: begun?.handle, refreshExpiry: begun?.grant.expiry)
    }
}
