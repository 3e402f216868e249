internal import Keys

extension Identity {
    /// The login page and its result.
    mutating func signInPage(_ request: Request, now: Int) -> Reply {
        let form = request.method == "POST" ? request.form : request.queryForm
        return carryOut(returning(form)) { identity, asked in
            guard request.method == "POST", let form else { return identity.page(asked, login: asked.loginHint ?? "", problem: nil) }
            guard form["button"] != "cancel" else { return identity.denied(.accessDenied, asked, site: request.site) }
            return identity.check(form, asked, request, now: now)
        }
    }

    private mutating func check(_ form: Form, _ asked: AuthorizationRequest, _ request: Request, now: Int) -> Reply {
        let client = asked.application.applicationUri
        guard let person = person(form["username"] ?? ""), let password = person.password, password == form["password"] else {
            counters.add("sign-in-failures", client: client)
            return page(asked, login: form["username"] ?? "", problem: "The user or the password is not right.")
        }
        let session = signIn(person.login, client: client, request, now: now)
        return .redirect(to: asked.callback).settingCookie(session, request.site)
    }

    private func page(_ asked: AuthorizationRequest, login: String, problem: String?) -> Reply {
        Page.signIn(returnTo: asked.callback, login: login, application: asked.application.applicationUri, problem: problem)
    }

    /// The consent page and its result.
    mutating func consentPage(_ request: Request, now: Int) -> Reply {
        let form = request.method == "POST" ? request.form : request.queryForm
        return carryOut(returning(form)) { identity, asked in
            guard let session = identity.sessions.session(request.sessionCookie) else {
                return .redirect(to: "/id/account/login?" + Form([("ReturnUrl", asked.callback)]).encoded)
            }
            guard request.method == "POST" else {
                return Page.consent(
                    returnTo: asked.callback, login: session.signIn.login, application: asked.application.applicationUri, scopes: asked.scopes)
            }
            guard form?["button"] == "yes" else { return identity.denied(.accessDenied, asked, site: request.site) }
            return try identity.admit(session, asked, site: request.site, now: now)
        }
    }

    /// The authorization request of a page. Without one, an error page is shown.
    private func returning(_ form: Form?) -> Form {
        let callback = "/id/connect/authorize/callback?"
        guard let address = form?["ReturnUrl"], address.hasPrefix(callback) else { return Form([]) }
        return Form(decoding: Array(address.dropFirst(callback.count).utf8)) ?? Form([])
    }

    func person(_ login: String) -> Person? { people.first { $0.login == login } }

    /// The value with which a page of the application can detect a sign-out (OpenID Connect Session Management).
    func sessionState(_ session: Sessions.Session, _ asked: AuthorizationRequest) -> String {
        let salt = randomHex(bytes: 16)
        let text = asked.application.applicationUri + asked.redirectURI + session.signIn.sessionID + salt
        return base64url(sha256(text.utf8)) + "." + salt
    }
}
