extension Identity {
    /// The device authorization endpoint. ERP.net does not document this grant; stock servers have it.
    mutating func deviceAuthorization(_ request: Request, now: Int) -> Reply {
        do throws(TokenRefusal) {
            let form = try tokenForm(request)
            let application = try authenticate(PresentedClient(request, form: form))
            guard application.interactive, knobs.deviceGrant == .on else { throw .grantNotAllowed }
            let scopes = scopeWords(form["scope"] ?? "")
            guard !scopes.isEmpty else { throw .missingField }
            guard scopes.allSatisfy({ identityScopes.contains($0) || application.apiScopes.contains($0) }) else { throw .scopeOutsideCeiling }
            return begun(application, scopes, request.site, now: now).notStored()
        } catch {
            return error.reply(knobs)
        }
    }

    private mutating func begun(_ application: TrustedApplication, _ scopes: [String], _ site: Site, now: Int) -> Reply {
        let (deviceCode, userCode) = devices.begin(
            client: application.applicationUri, scopes: scopes, expiry: now + knobs.deviceTTL, interval: knobs.deviceInterval)
        counters.add("device-codes", client: application.applicationUri)
        if knobs.deny != .off {
            _ = devices.decide(userCode, .refused, now: now)
        } else if knobs.autoLogin != "off" {
            _ = approve(userCode, as: knobs.autoLogin, cookie: nil, now: now)
        }
        return .json([
            "device_code": .string(deviceCode), "user_code": .string(userCode), "verification_uri": "\(site.issuer)/device",
            "verification_uri_complete": "\(site.issuer)/device?user_code=\(userCode)", "expires_in": .number(knobs.deviceTTL),
            "interval": .number(knobs.deviceInterval),
        ])
    }

    /// `nil` if no request with this code is pending.
    mutating func approve(_ userCode: String, as login: String, cookie: String?, now: Int) -> Sessions.Session? {
        guard let entry = devices.open(userCode, now: now) else { return nil }
        counters.add("sign-ins", client: entry.client)
        let session = sessions.signIn(login, cookie: cookie, now: now)
        let admitted = person(login).map { application(entry.client)?.admits($0) ?? false } ?? false
        _ = devices.decide(userCode, admitted ? .approved(session.signIn) : .refused, now: now)
        return session
    }

    /// The polling requests of a device.
    mutating func deviceGrant(_ form: Form, to application: TrustedApplication, site: Site, now: Int) throws -> Reply {
        guard application.interactive, knobs.deviceGrant == .on else { throw TokenRefusal.grantNotAllowed }
        guard let code = form["device_code"], !code.isEmpty else { throw TokenRefusal.missingField }
        let (signIn, asked) = try devices.redeem(code, for: application.applicationUri, now: now)
        guard let person = person(signIn.login), application.admits(person) else { throw TokenRefusal.userNotAllowed }
        let scopes = grantedScopes(asked, of: application, to: person)
        let (answer, _) = begin(application, signIn, scopes: scopes, nonce: nil, state: nil, now: now)
        counters.add("device-grants", client: application.applicationUri)
        return try userReply(answer, site: site, now: now)
    }

    /// The page on which a person enters the user code.
    mutating func devicePage(_ request: Request, now: Int) -> Reply {
        guard let form = request.method == "POST" ? request.form : request.queryForm else { return .page("400 Bad Request", status: 400) }
        let userCode = form["user_code"] ?? ""
        guard request.method == "POST" else { return Page.device(userCode: userCode, problem: nil) }
        guard let person = person(form["username"] ?? ""), let password = person.password, password == form["password"] else {
            counters.add("sign-in-failures")
            return Page.device(userCode: userCode, problem: "The user or the password is not right.")
        }
        guard form["button"] == "yes" else {
            guard devices.decide(userCode, .refused, now: now) else { return Page.device(userCode: userCode, problem: "No device shows this code.") }
            return Page.deviceDone("The device was refused.")
        }
        guard let session = approve(userCode, as: person.login, cookie: request.sessionCookie, now: now) else {
            return Page.device(userCode: userCode, problem: "No device shows this code.")
        }
        return Page.deviceDone("You can go back to the device.").settingCookie(session, request.site)
    }

    /// `device`, `device approve CODE user=LOGIN`, `device refuse CODE`
    mutating func deviceVerb(_ line: ControlLine, now: Int) throws(ControlError) -> JSON {
        try line.allowOptions("user")
        switch (line.words.first, line.words.count) {
        case (nil, _): return ["devices": .array(devices.all.map { $0.json(now: now) })]
        case ("approve", 2):
            guard let person = person(line["user"] ?? ""), person.password != nil else { throw ControlError("\"user\" must name a person") }
            guard approve(line.words[1], as: person.login, cookie: nil, now: now) != nil else { throw ControlError("no open code \"\(line.words[1])\"") }
        case ("refuse", 2):
            guard devices.decide(line.words[1], .refused, now: now) else { throw ControlError("no open code \"\(line.words[1])\"") }
        default: throw ControlError("device, device approve CODE user=LOGIN, or device refuse CODE")
        }
        return [:]
    }
}
