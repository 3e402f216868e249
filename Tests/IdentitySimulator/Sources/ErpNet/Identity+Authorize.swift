extension Identity {
    /// The authorization endpoint. After the sign-in the browser returns to its `/callback`.
    mutating func authorize(_ request: Request, now: Int) -> Reply {
        guard let form = request.method == "POST" ? request.form : request.queryForm else { return stopped(.malformed, client: nil) }
        return carryOut(form) { identity, asked throws in try identity.proceed(asked, request, now: now) }
    }

    /// Answers a valid request; shows an error page otherwise.
    mutating func carryOut(_ form: Form, _ work: (inout Identity, AuthorizationRequest) throws -> Reply) -> Reply {
        do {
            let asked = try AuthorizationRequest(form, anyLoopbackPort: knobs.loopbackPort == .any) { application($0) }
            return try work(&self, asked)
        } catch let refusal as AuthorizationRefusal {
            return stopped(refusal, client: application(form["client_id"] ?? "")?.applicationUri)
        } catch {
            return .page("500 Internal Server Error", status: 500)
        }
    }

    private mutating func stopped(_ refusal: AuthorizationRefusal, client: String?) -> Reply {
        counters.add("authorization-errors", client: client)
        return Page.problem(refusal.code, refusal.text)
    }

    private mutating func proceed(_ asked: AuthorizationRequest, _ request: Request, now: Int) throws -> Reply {
        if knobs.deny != .off { return denied(knobs.deny, asked, site: request.site) }
        if knobs.autoLogin != "off" && !asked.prompts.contains(.none) {
            let session = signIn(knobs.autoLogin, client: asked.application.applicationUri, request, now: now)
            return try admit(session, asked, site: request.site, now: now).settingCookie(session, request.site)
        }
        guard let session = sessions.session(request.sessionCookie), !asked.wantsPage, isFresh(session, asked, now: now) else {
            guard !asked.prompts.contains(.none) else { return denied(.loginRequired, asked, site: request.site) }
            return .redirect(to: "/id/account/login?" + Form([("ReturnUrl", asked.callback)]).encoded)
        }
        guard knobs.consent == .off, !asked.prompts.contains(.consent) else {
            guard !asked.prompts.contains(.none) else { return denied(.consentRequired, asked, site: request.site) }
            return .redirect(to: "/id/consent?" + Form([("ReturnUrl", asked.callback)]).encoded)
        }
        return try admit(session, asked, site: request.site, now: now)
    }

    private func isFresh(_ session: Sessions.Session, _ asked: AuthorizationRequest, now: Int) -> Bool {
        asked.maxAge.map { now - session.signIn.time <= $0 } ?? true
    }

    /// Signs a person in, with the session cookie of the browser if there is one.
    mutating func signIn(_ login: String, client: String, _ request: Request, now: Int) -> Sessions.Session {
        counters.add("sign-ins", client: client)
        return sessions.signIn(login, cookie: request.sessionCookie, now: now)
    }

    /// Redirects the browser with a code if this person may use the application.
    mutating func admit(_ session: Sessions.Session, _ asked: AuthorizationRequest, site: Site, now: Int) throws -> Reply {
        guard let person = person(session.signIn.login), asked.application.admits(person) else {
            return denied(.accessDenied, asked, site: site)
        }
        let scopes = grantedScopes(asked.scopes, of: asked.application, to: person)
        let code = codes.issue(
            Codes.Code(
                client: asked.application.applicationUri, redirectURI: asked.redirectURI, scopes: scopes, challenge: asked.challenge,
                nonce: asked.nonce, state: asked.state, signIn: session.signIn, expiry: now + knobs.codeTTL))
        counters.add("codes", client: asked.application.applicationUri)
        issued.note(.code, code)
        issued.note(.state, asked.state)
        issued.note(.nonce, asked.nonce)
        var fields = [("code", code)]
        if asked.responseType == .codeAndIDToken && knobs.idTokens != .off && knobs.idTokens != .notInFront {
            let token = try frontToken(asked, session.signIn, code: code, site: site, now: now)
            issued.note(.identityToken, token, until: now + knobs.idTokenTTL)
            fields.append(("id_token", token))
        }
        fields.append(("scope", scopes.joined(separator: " ")))
        if knobs.sessionState == .on && scopes.contains("openid") {
            fields.append(("session_state", sessionState(session, asked)))
        }
        return respond(fields, to: asked, site: site)
    }

    private func frontToken(_ asked: AuthorizationRequest, _ signIn: SignIn, code: String, site: Site, now: Int) throws -> String {
        let hashes = [("c_hash", code)] + (asked.state.map { [("s_hash", $0)] } ?? [])
        return try idToken(.front, for: asked.application, signIn, nonce: asked.nonce, hashes: hashes, site: site, now: now)
    }

    /// Redirects with an error.
    mutating func denied(_ denial: Knobs.Denial, _ asked: AuthorizationRequest, site: Site) -> Reply {
        counters.add("denials", client: asked.application.applicationUri)
        var reply = respond([("error", denial.rawValue)], to: asked, site: site)
        reply.problem = denial.rawValue
        return reply
    }

    private func respond(_ fields: [(String, String)], to asked: AuthorizationRequest, site: Site) -> Reply {
        let form = Form(fields + stateField(asked) + issuerField(site))
        let isError = fields.first?.0 == "error"
        return switch asked.responseMode {
        case .query:
            .redirect(to: asked.redirectURI + (asked.redirectURI.contains("?") ? "&" : "?") + form.encoded + (isError ? "#_=_" : ""))
        case .fragment: .redirect(to: asked.redirectURI + "#" + form.encoded)
        case .formPost: Page.formPost(form, to: asked.redirectURI)
        }
    }

    private func stateField(_ asked: AuthorizationRequest) -> [(String, String)] {
        switch (knobs.stateAnswer, asked.state) {
        case (.right, let state?): [("state", state)]
        case (.wrong, _): [("state", "another-state")]
        case (.missing, _), (.right, nil): []
        }
    }

    private func issuerField(_ site: Site) -> [(String, String)] {
        switch knobs.issuerParameter {
        case .off: []
        case .right: [("iss", site.issuer)]
        case .wrong: [("iss", "https://other.example/id")]
        }
    }
}

extension AuthorizationRequest {
    /// The next URL of the browser after a sign-in or a consent.
    var callback: String { "/id/connect/authorize/callback?" + afterSignIn.encoded }
}

extension Request {
    /// The query as a form.
    package var queryForm: Form? { Form(decoding: Array((query ?? "").utf8)) }

    /// The value of the cookie of the Identity site.
    var sessionCookie: String? {
        let name = "erpnet.id="
        for cookie in values(of: "Cookie").joined(separator: ";").split(separator: ";") {
            let pair = cookie.drop { $0 == " " }
            if pair.hasPrefix(name) { return String(pair.dropFirst(name.count)) }
        }
        return nil
    }
}

extension Reply {
    static func redirect(to address: String) -> Reply {
        var reply = nothing(status: 302)
        reply.set("Location", address)
        reply.set("Cache-Control", "no-store")
        return reply
    }

    func settingCookie(_ session: Sessions.Session, _ site: Site) -> Reply {
        var reply = self
        let secure = site.root.hasPrefix("https:") ? "; Secure" : ""
        reply.set("Set-Cookie", "erpnet.id=\(session.cookie); Path=/id; HttpOnly; SameSite=Lax\(secure)")
        return reply
    }
}
