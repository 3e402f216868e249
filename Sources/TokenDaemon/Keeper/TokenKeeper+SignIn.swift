internal import Codecs
internal import OAuth
internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

/// People who sign in and out, and tokens that are brought in.
extension TokenKeeper {
    /// Whether any rule lets this caller sign in, or it is an administrator: what it brings may be long.
    func maySignIn(_ caller: Caller) -> Bool { policy.isAdmin(caller) || policy.maySignIn(caller) }

    func login(_ name: String, _ redirectURI: String?, _ flow: String?, confirmsFirst: Bool, _ number: UInt64, _ asker: any Asker) -> Taken {
        switch policy.authoriseLogin(name, for: asker.caller) {
        case .failure(let refusal): return .reply(refuse(refusal, name, asker))
        case .success where flow != nil:
            let text = "device codes are not supported; sign in with a browser: tokenctl login, or tokenctl login --paste where there is none"
            return .reply(refuse(Refusal(.unsupported, [], text), name, asker))
        case .success(let settings):
            return wait(.login, name, number, asker) { waiter in
                put {
                    $0.login(
                        settings, redirectURI: redirectURI, confirmsFirst: confirmsFirst, for: asker.caller, .random(), waiter: waiter, at: now)
                }
            }
        }
    }

    func callback(_ login: String, _ answer: Secret, _ number: UInt64, _ asker: any Asker) -> Taken {
        wait(.callback, nil, number, asker) { waiter in put { $0.callback(LoginID(login), answer, for: asker.caller, waiter: waiter, at: now) } }
    }

    func confirm(_ login: String, _ number: UInt64, _ asker: any Asker) -> Taken {
        wait(.confirm, nil, number, asker) { waiter in put { $0.confirm(LoginID(login), for: asker.caller, waiter: waiter, at: now) } }
    }

    func cancel(_ login: String, _ number: UInt64, _ asker: any Asker) -> Taken {
        wait(.cancel, nil, number, asker) { waiter in put { $0.cancel(LoginID(login), for: asker.caller, waiter: waiter, at: now) } }
    }

    func awaitLogin(_ login: String, _ wait: Int, _ number: UInt64, _ asker: any Asker) -> Taken {
        self.wait(.await, nil, number, asker) { waiter in put { $0.awaitLogin(LoginID(login), for: asker.caller, waiter: waiter, wait: wait, at: now) } }
    }

    /// For whoever may sign in, and for administrators; of a token that only the store knows, for administrators and the user who signed in.
    func logout(_ name: String, _ number: UInt64, _ asker: any Asker) -> Taken {
        if let token = TokenName(name), policy.isAdmin(asker.caller) ? ledger.isUnconfigured(token) : ledger.isUnconfigured(token, of: asker.caller) {
            return wait(.logout, name, number, asker) { waiter in put { $0.logout(token, for: asker.caller, waiter: waiter, at: now) } }
        }
        switch authorise(name, asker.caller, or: { _ in true }) {
        case .failure(let refusal): return .reply(refuse(refusal, name, asker))
        case .success(let settings):
            return wait(.logout, name, number, asker) { waiter in put { $0.logout(settings.name, for: asker.caller, waiter: waiter, at: now) } }
        }
    }

    /// For administrators; a reference token also for whoever may sign in.
    func importToken(_ name: String, _ token: Secret, _ expires: String?, _ number: UInt64, _ asker: any Asker) -> Taken {
        switch authorise(name, asker.caller, or: { $0.grant.kind == .reference }) {
        case .failure(let refusal): return .reply(refuse(refusal, name, asker))
        case .success(let settings):
            let end: Expiry?
            switch Self.end(expires, at: now.wall) {
            case .failure(let refusal): return .reply(refuse(refusal, name, asker))
            case .success(let told): end = told
            }
            return wait(.import, name, number, asker) { waiter in
                put { $0.importToken(settings, token, expires: end, for: asker.caller, waiter: waiter, at: now) }
            }
        }
    }

    private func authorise(_ name: String, _ caller: Caller, or isForSignIn: (TokenSettings) -> Bool) -> Result<TokenSettings, Refusal> {
        if policy.isAdmin(caller) {
            return policy.token(named: name).map { .success($0) } ?? .failure(Refusal(.denied, [], "no token \(quoted(name)) is configured"))
        }
        return policy.authoriseLogin(name, for: caller).flatMap { isForSignIn($0) ? .success($0) : .failure(.denied(caller, name)) }
    }

    private static func end(_ text: String?, at now: Int64) -> Result<Expiry?, Refusal> {
        guard let text else { return .success(nil) }
        if text == "never" { return .success(.never) }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let second = Int64(text), Expiry.times.contains(second) else {
            return .failure(Refusal(.badRequest, [], "expires= must be seconds since the epoch, or never"))
        }
        guard second > now else {
            return .failure(Refusal(.badRequest, [], "expires= is in the past: such a token is served to nobody; import the one that was issued since"))
        }
        return .success(.at(second))
    }

    /// Puts something to the ledger whose answer comes in this turn or later.
    private func wait(_ verb: Verb, _ name: String?, _ number: UInt64, _ asker: any Asker, _ event: (UInt64) -> Turn) -> Taken {
        let waiter = makeNumber()
        return conclude(event(waiter), waiter, Pending(asker: asker, number: number, kind: .signIn(verb, name: name), deadline: .max))
    }
}

extension SignInEntropy {
    /// From OpenSSL's generator.
    static func random() -> SignInEntropy {
        // 64 characters from 384 random bits
        let verifier = Secret(random: 48).base64url
        return SignInEntropy(
            id: LoginID(randomUInt64(), randomUInt64()), state: Secret(random: 32).base64url, nonce: Secret(random: 32).base64url, verifier: verifier,
            challenge: base64url(verifier.withBytes { sha256($0) }))
    }
}

extension Reply {
    /// What became of a sign-in, a sign-out or an import.
    init(_ answer: SignInAnswer) {
        switch answer {
        case .began(let id, let url, let expires): self = .ok(words: [id.description, url], fields: [Field("expires", expires)])
        case .signedIn(let signedIn): self = .ok(fields: Self.fields(signedIn))
        case .confirm(let person, let was):
            self = .ok(words: ["confirm"], fields: Self.fields(person, "subject", "person") + (was.map { Self.fields($0, "was", "was-person") } ?? []))
        case .cancelled: self = .ok()
        case .signedOut(let isRevoked, let url, let trouble):
            self = .ok(
                words: [isRevoked ? "revoked" : "forgotten"],
                fields: (url.map { [Field("url", $0)] } ?? []) + (trouble.map { [Field("reason", $0)] } ?? []))
        case .imported(let id): self = .ok(fields: [Field("id", id)])
        }
    }

    private static func fields(_ signedIn: SignedIn) -> [Field] {
        var fields = signedIn.person.map { Self.fields($0, "subject", "person") } ?? []
        if let until = signedIn.until { fields.append(Field("expires", until)) }
        if let end = signedIn.unrenewable { fields += [Field("refresh-token", "none"), Field("token-expires", end)] }
        return fields
    }

    private static func fields(_ person: Person, _ subject: String, _ name: String) -> [Field] {
        [Field(subject, person.subject)] + (person.name.map { [Field(name, $0)] } ?? [])
    }
}
