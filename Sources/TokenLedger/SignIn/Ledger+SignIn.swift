internal import OAuth
package import Secrets
internal import TokenWire

/// A person signs in: what is asked, what came back, and what becomes of it.
extension Ledger {
    // MARK: LOGIN

    /// Begins a sign-in for a caller whom `AccessPolicy.authoriseLogin` let through. The answer is the address to open.
    package mutating func login(
        _ settings: TokenSettings, redirectURI: String?, confirmsFirst: Bool = false, for caller: Caller, _ entropy: SignInEntropy, waiter: UInt64,
        at now: Moment
    ) -> Turn {
        var turn = Turn()
        switch loginRequest(settings, redirectURI, entropy) {
        case .failure(let refusal): turn.answers.append((waiter, .refused(refusal)))
        case .success(let request):
            guard let application = application(of: settings.name), let binding = binding(of: settings.name) else {
                turn.answers.append((waiter, .refused(.configurationChanged)))
                return turn
            }
            let share = policy.share(of: caller)
            if let refusal = overBudget(share, at: now) ?? makeRoom(for: share, at: now, &turn) {
                turn.answers.append((waiter, .refused(refusal)))
                return turn
            }
            var login = PendingLogin(
                id: entropy.id, number: makeID(), token: settings.name, caller: caller, share: share, server: application.server,
                generation: failures.generation(of: settings.name), binding: binding, request: request, verifier: entropy.verifier,
                asked: now.wall, deadline: now.boot + pace.signIn, confirmsFirst: confirmsFirst)
            login.waiter = waiter
            logins.begin(login)
            if logins.beginSearch(application.server, for: share) { run(.locate, for: settings.name, application, .login(application.server), &turn) }
        }
        return turn
    }

    /// Ends an older sign-in where there is no more room for a newer one.
    private mutating func makeRoom(for share: Share, at now: Moment, _ turn: inout Turn) -> Refusal? {
        switch logins.room(for: share) {
        case .free: return nil
        case .instead(let id):
            abandon(id, .replaced, at: now, &turn)
            return nil
        case .none(let until):
            return Refusal(
                .busy, [Field("retry-after", wholeSeconds(until - now.boot))],
                "too many sign-ins are under way; none of those that would make room can end before that")
        }
    }

    /// Why the sign-ins of a share may ask nothing of a server now.
    private func overBudget(_ share: Share, at now: Moment) -> Refusal? {
        logins.budgets.pause(for: share, at: now.boot).map {
            Refusal(.busy, [Field("retry-after", wholeSeconds($0))], "too many requests of these sign-ins went to identity servers in a short time")
        }
    }

    private func loginRequest(
        _ settings: TokenSettings, _ redirectURI: String?, _ entropy: SignInEntropy
    ) -> Result<AuthorizationRequest, Refusal> {
        guard case .authorizationCode(let signIn) = settings.grant else {
            return .failure(Refusal(.refused, [Field("reason", "grant")], "nobody signs in for \"\(settings.name)\": it is had in another way"))
        }
        if isStopping { return .failure(.stopping) }
        guard let uri = redirectURI ?? signIn.redirectURIs.first, signIn.redirectURIs.contains(uri) else {
            let known = signIn.redirectURIs.joined(separator: ", ")
            return .failure(Refusal(.refused, [Field("reason", "redirect-uri")], "that redirect-uri is not one of those configured: \(known)"))
        }
        var request = AuthorizationRequest(
            clientID: application(of: settings.name)?.client.id ?? "", redirectURI: uri, scopes: settings.scopes,
            responseType: signIn.responseType == .code ? .code : .codeAndIdentity,
            state: entropy.state, nonce: entropy.nonce, challenge: entropy.challenge)
        (request.prompt, request.loginHint, request.maxAge) = (signIn.prompt, signIn.loginHint, signIn.maxAge.map(Int64.init))
        request.audience = settings.audiences.first.map { Audience(parameter: settings.audienceParameter, value: $0) }
        return .success(request)
    }

    /// The metadata of a server have come, or cannot be had, for all sign-ins that wait for them.
    mutating func located(_ server: ServerSettings, _ result: Result<ServerMetadata, ExchangeFailure>, at now: Moment, _ turn: inout Turn) {
        let (began, waiting) = logins.endSearch(server)
        if case .failure = result, let began { logins.budgets.spend(for: began, at: now.boot) }
        for id in waiting { located(id, result, at: now, &turn) }
    }

    private mutating func located(_ id: LoginID, _ result: Result<ServerMetadata, ExchangeFailure>, at now: Moment, _ turn: inout Turn) {
        guard let login = logins[id] else { return }
        do throws(ExchangeFailure) {
            let metadata = try result.get()
            let url = try login.request.url(at: metadata)
            let waiter = login.waiter
            logins.change(id) {
                $0.stage = .open(PendingAuthorization(login.request, to: metadata))
                $0.waiter = nil
            }
            let left = max(0, login.deadline - now.boot) / .seconds(1)
            if let waiter { turn.answers.append((waiter, .signIn(.began(id, url: url, expires: now.wall + left)))) }
        } catch {
            finish(id, .refused(.signIn(login.token, error)), &turn)
        }
    }

    // MARK: CALLBACK

    /// What the browser brought back, for the sign-in that this uid began.
    package mutating func callback(_ id: LoginID?, _ answer: Secret, for caller: Caller, waiter: UInt64, at now: Moment) -> Turn {
        var turn = Turn()
        guard let id, let login = logins[id], login.caller.uid == caller.uid else {
            turn.answers.append((waiter, .refused(.noSuchLogin)))
            return turn
        }
        guard case .open(let pending) = login.stage else {
            turn.answers.append((waiter, .refused(.loginGoesOn)))
            return turn
        }
        if let refusal = reasonToEnd(login) {
            finish(id, .refused(refusal), &turn)
            turn.answers.append((waiter, .refused(refusal)))
            return turn
        }
        switch pending.judge(AuthorizationResponse(answer)) {
        case .stray(let text):
            turn.answers.append((waiter, .refused(Refusal(.refused, [Field("reason", "state")], text))))
            logins.change(id) { $0.strays += 1 }
            if login.strays + 1 >= PendingLogin.mostStrays { finish(id, .refused(.tooManyStrays), &turn) }
        case .ended(let failure):
            logins.change(id) { $0.waiter = waiter }
            finish(id, .refused(.signIn(login.token, failure)), &turn)
        case .granted(let code, let idToken):
            if let refusal = overBudget(login.share, at: now) {
                turn.answers.append((waiter, .refused(refusal)))
                return turn
            }
            logins.budgets.spend(for: login.share, at: now.boot)
            logins.change(id) { $0.waiter = waiter }
            redeem(id, login, code, idToken, at: now, &turn)
        }
        return turn
    }

    private mutating func redeem(_ id: LoginID, _ login: PendingLogin, _ code: Secret, _ idToken: Secret?, at now: Moment, _ turn: inout Turn) {
        guard let application = application(of: login.token) else {
            return finish(id, .refused(.configurationChanged), &turn)
        }
        let plan = makeID()
        logins.redeem(
            plan, Redemption(login: id, token: login.token, binding: login.binding), until: now.boot + .seconds(application.server.timeout))
        turn.plans.append(
            ExchangePlan(
                id: plan, token: login.token, application: application,
                grant: .authorizationCode(code: code, redirectURI: login.request.redirectURI, verifier: login.verifier),
                timeout: application.server.timeout, identity: .signIn(login.request, code: code, front: idToken, asked: login.asked),
                cause: .signIn, scopes: login.request.scopes))
    }

    /// What came of a code.
    mutating func settleSignIn(_ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        guard let redemption = logins.redeemed(report.plan) else { return }
        let id = redemption.login
        guard let login = logins[id], case .redeeming = login.stage, !isStopping, let settings = configuration.tokens[login.token],
            login.generation == failures.generation(of: login.token)
        else {
            // nobody waits for it any more
            finish(id, .refused(.configurationChanged), &turn)
            return discard(report, redemption.token, redemption.binding, at: now, &turn)
        }
        switch report.outcome {
        case .failure(let failure):
            // an ID token that is not believed comes beside a refresh token
            discard(report, login.token, login.binding, at: now, &turn)
            finish(id, .refused(.signIn(login.token, failure)), &turn)
        case .success(let tokens):
            switch judge(tokens, settings.soleKey, report, unsaid: settings.scopes) {
            case .failure(let verdict):
                discard(report, login.token, login.binding, at: now, &turn)
                let refusal = Refusal.notTaken(verdict)
                grants.noteSignIn(login.token, failed: refusal)
                finish(id, .refused(refusal), &turn)
            case .success(let held): arrive(id, login, tokens, held, report, settings, at: now, &turn)
            }
        }
    }

    private mutating func arrive(
        _ id: LoginID, _ login: PendingLogin, _ tokens: IssuedTokens, _ held: HeldToken, _ report: ExchangeReport, _ settings: TokenSettings,
        at now: Moment, _ turn: inout Turn
    ) {
        let person = report.identity.map { Person($0) }
        var binding = login.binding
        binding.subject = person?.subject
        let record = StoredRecord(
            name: login.token, kind: .refresh, binding: binding, generation: 0, grant: 0, secret: tokens.refreshToken ?? Secret(""),
            idToken: tokens.idToken, scopes: held.scopes, signedIn: report.sent.wall, rotated: report.sent.wall, idleLifetime: tokens.refreshLifetime,
            isProven: true, signer: login.caller.uid)
        let arrival = PendingLogin.Arrival(report: report, held: held, record: record, person: person)
        let was = personBefore(login)
        if let person, was.map({ $0.subject != person.subject }) ?? login.confirmsFirst {
            let waiter = login.waiter
            logins.change(id) { $0.waiter = nil }
            logins.extend(id, to: now.boot + pace.signIn)
            askToConfirm(id, arrival, person, instead: was, waiter, &turn)
        } else {
            store(id, arrival, at: now, &turn)
        }
    }

    /// Asks whether this person is meant in the place of the other, and remembers who that was.
    private mutating func askToConfirm(
        _ id: LoginID, _ arrival: PendingLogin.Arrival, _ person: Person, instead was: Person?, _ waiter: UInt64?, _ turn: inout Turn
    ) {
        var arrival = arrival
        arrival.was = was
        logins.change(id) { $0.stage = .confirming(arrival) }
        if let waiter { turn.answers.append((waiter, .signIn(.confirm(person, was: was)))) }
    }

    /// Who is, or was last, signed in, or is about to be: a sign-in on its way to the disk comes before this one. `nil` where nobody was, or nobody knows who. A subject means nothing at another server or for another client:
    /// whoever confirms the first one is asked as for the first one then.
    private func personBefore(_ login: PendingLogin) -> Person? {
        let stored = logins.all.values.compactMap { if case .storing(let arrival) = $0.stage, $0.token == login.token { arrival } else { nil } }
        if let newest = stored.max(by: { $0.record.generation < $1.record.generation }) { return newest.person }
        guard let record = grants[login.token]?.record, let subject = record.binding.subject, isOurs(record) || !login.confirmsFirst else { return nil }
        return Person(subject: subject, stored: record.idToken)
    }

    // MARK: CONFIRM, CANCEL and AWAIT

    /// Yes, this person from now on.
    package mutating func confirm(_ id: LoginID?, for caller: Caller, waiter: UInt64, at now: Moment) -> Turn {
        var turn = Turn()
        guard let id, let login = logins[id], login.caller.uid == caller.uid, case .confirming(let arrival) = login.stage else {
            turn.answers.append((waiter, .refused(.noSuchLogin)))
            return turn
        }
        if let refusal = reasonToEnd(login) {
            discard(arrival.report, login.token, login.binding, at: now, &turn)
            finish(id, .refused(refusal), &turn)
            turn.answers.append((waiter, .refused(refusal)))
            return turn
        }
        // the answer was about the person who was signed in when it was asked for
        let was = personBefore(login)
        if let person = arrival.person, was?.subject != arrival.was?.subject, was?.subject != person.subject {
            askToConfirm(id, arrival, person, instead: was, waiter, &turn)
            return turn
        }
        logins.change(id) { $0.waiter = waiter }
        store(id, arrival, at: now, &turn)
        return turn
    }

    /// Nobody waits for it any longer. What its code brings, or has brought, is revoked; once it is on its way to the disk it is too late.
    package mutating func cancel(_ id: LoginID?, for caller: Caller, waiter: UInt64, at now: Moment) -> Turn {
        var turn = Turn()
        guard let id, let login = logins[id], login.caller.uid == caller.uid else {
            turn.answers.append((waiter, .refused(.noSuchLogin)))
            return turn
        }
        if case .storing = login.stage {
            turn.answers.append((waiter, .refused(.loginGoesOn)))
        } else {
            abandon(id, .cancelled, at: now, &turn)
            turn.answers.append((waiter, .signIn(.cancelled)))
        }
        return turn
    }

    /// Ends one that is not being stored. A code that is with the server comes back to nobody, and what it brings is revoked then.
    private mutating func abandon(_ id: LoginID, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        if let login = logins[id], case .confirming(let arrival) = login.stage { discard(arrival.report, login.token, login.binding, at: now, &turn) }
        finish(id, .refused(refusal), &turn)
    }

    /// What a reload has changed since LOGIN: the token itself, or who may sign in for it.
    private func reasonToEnd(_ login: PendingLogin) -> Refusal? {
        if login.generation != failures.generation(of: login.token) { return .configurationChanged }
        if case .failure(let refusal) = policy.authoriseLogin(login.token.description, for: login.caller) { return refusal }
        return nil
    }

    /// Waits for the end of a sign-in that another request brings on.
    package mutating func awaitLogin(_ id: LoginID?, for caller: Caller, waiter: UInt64, wait: Int, at now: Moment) -> Turn {
        var turn = Turn()
        guard let id, let login = logins[id], login.caller.uid == caller.uid else {
            turn.answers.append((waiter, .refused(.noSuchLogin)))
            return turn
        }
        if case .confirming(let arrival) = login.stage, let person = arrival.person {
            askToConfirm(login.id, arrival, person, instead: personBefore(login), waiter, &turn)
        } else {
            guard wait > 0 else {
                turn.answers.append((waiter, .refused(.loginUnfinished)))
                return turn
            }
            if !logins.enlist(waiter, for: id, until: now.boot + .seconds(wait)) { turn.answers.append((waiter, .refused(.loginAwaited))) }
        }
        return turn
    }

    // MARK: to the disk, and into use

    private mutating func store(_ id: LoginID, _ arrival: PendingLogin.Arrival, at now: Moment, _ turn: inout Turn) {
        var arrival = arrival
        let token = arrival.record.name
        let before = grants[token]?.record
        (arrival.record.generation, arrival.record.grant) = grants.number(token)
        logins.change(id) { $0.stage = .storing(arrival) }
        logins.awaitAnswer(for: id, until: now.boot + pace.intent)
        announceRevocation(of: before, at: now, &turn)
        enqueue(.replace(arrival.record), .signIn(id), &turn)
    }

    mutating func signInStored(_ id: LoginID, _ result: Result<Void, StoreFault>, at now: Moment, _ turn: inout Turn) {
        guard let login = logins[id], case .storing(let arrival) = login.stage else { return }
        logins.answered(id)
        let token = login.token
        if case .failure(let fault) = result {
            discard(arrival.report, token, login.binding, at: now, &turn)
            finish(id, .refused(.store(fault)), &turn)
            return replaced(token, by: nil, at: now, &turn)
        }
        replaced(token, by: arrival.record, at: now, &turn)
        if !isStopping, login.generation == failures.generation(of: token), let settings = configuration.tokens[token] {
            cache.open(settings.soleKey, at: now.boot)
            if arrival.held.lasts(1, at: now.boot) { serve(arrival, settings.soleKey, at: now, &turn) }
        }
        settleIn(token, at: now, &turn)
        let until = loginUntil(token)
        let isRenewable = !arrival.record.secret.isEmpty
        turn.events.append(
            .signedIn(token, arrival.held, subject: arrival.person?.subject, caller: login.caller, until: until, isRenewable: isRenewable))
        finish(id, .signIn(.signedIn(SignedIn(person: arrival.person, until: until, unrenewable: isRenewable ? nil : arrival.held.expires))), &turn)
    }

    private mutating func serve(_ arrival: PendingLogin.Arrival, _ key: CacheKey, at now: Moment, _ turn: inout Turn) {
        guard let server = server(of: key) else { return }
        let exchange = Exchange(key: key, generation: 0, server: server, cause: .signIn, began: arrival.report.sent.boot)
        publish(arrival.held, exchange, arrival.report, at: now, &turn)
        reschedule(key, at: now.boot)
    }

    // MARK: ends

    /// The sign-in is over: everyone who waits for it is told.
    private mutating func finish(_ id: LoginID, _ answer: Answer, _ turn: inout Turn) {
        guard let login = logins.end(id) else { return }
        for waiter in login.waiters { turn.answers.append((waiter, answer)) }
        if case .refused(let refusal) = answer { turn.events.append(.signInFailed(login.token, refusal, caller: login.caller)) }
    }

    mutating func expireLogins(at now: Moment, _ turn: inout Turn) {
        for waiter in logins.takeImpatient(at: now.boot) { turn.answers.append((waiter, .refused(.loginUnfinished))) }
        for id in logins.due(at: now.boot) {
            guard let login = logins[id] else { continue }
            switch login.stage {
            // whatever comes of it is soon known
            case .redeeming, .storing: break
            case .locating, .open, .confirming: abandon(id, .loginExpired, at: now, &turn)
            }
        }
    }

    /// Tokens that nobody will use: the server is told.
    private mutating func discard(
        _ report: ExchangeReport, _ token: TokenName, _ binding: RecordBinding, at now: Moment, _ turn: inout Turn
    ) {
        if let secret = report.successor { revoke(secret, binding, at: now, &turn, of: token) }
    }
}

extension Refusal {
    fileprivate static let noSuchLogin = Refusal(.denied, [Field("reason", "unknown-login")], "no such sign-in of yours is under way")
    fileprivate static let loginGoesOn = Refusal(.refused, [Field("reason", "answered")], "the answer to this sign-in has come already; it is taken once")
    fileprivate static let configurationChanged = Refusal(
        .unavailable, [Field("retry-after", 1)], "the configuration of this token has changed meanwhile")

    fileprivate static let loginUnfinished = Refusal(.timeout, [], "the sign-in has not come to its end yet; it goes on")

    fileprivate static let loginAwaited = Refusal(.busy, [Field("retry-after", 1)], "too many requests wait for the end of this sign-in")

    /// A sign-in that the server granted, and that is of no use as it is.
    fileprivate static func notTaken(_ verdict: Verdict) -> Refusal {
        let remedy = verdict.reason == "missing-scope" ? " to this sign-in; have it granted, or take it out of \"scopes\", and sign in again" : ""
        return Refusal(.refused, [Field("reason", verdict.reason)], verdict.text + remedy)
    }

    fileprivate static let loginExpired = Refusal(.loginRequired, [Field("reason", "login-expired")], "the sign-in was not finished within 10 minutes")

    fileprivate static let cancelled = Refusal(.loginRequired, [Field("reason", "cancelled")], "whoever began the sign-in has ended it")

    fileprivate static let replaced = Refusal(
        .loginRequired, [Field("reason", "replaced")], "a newer sign-in has taken its place: too many had begun and not ended")

    fileprivate static let tooManyStrays = Refusal(.loginRequired, [Field("reason", "too-many-answers")], "too many answers came that belong to other sign-ins")

    /// A sign-in that failed, named after who can do something about it.
    fileprivate static func signIn(_ token: TokenName, _ failure: ExchangeFailure) -> Refusal {
        let error = failure.oauthError.map { [Field("oauth-error", $0)] } ?? []
        switch failure.law {
        case .configuration: return Refusal(.refused, error, failure.text)
        case .unsent, .silent: return Refusal(.unavailable, error + [Field("retry-after", 10)], failure.text)
        case .answered(let pause): return Refusal(.unavailable, error + [Field("retry-after", pause ?? 10)], failure.text)
        case .unknown: return .loginRequired(token, "answer-lost", failure.text)
        case .no: return Refusal(.loginRequired, [Field("reason", "sign-in-refused")] + error, failure.text)
        }
    }
}
