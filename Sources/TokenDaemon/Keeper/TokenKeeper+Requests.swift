internal import Secrets
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

/// What each request of the protocol means.
extension TokenKeeper {
    /// - Parameter line: the request as it came, where its reply may be given again to the same line.
    func take(_ request: Request, _ number: UInt64, from asker: any Asker, line: UnsafeRawBufferPointer? = nil) -> Taken {
        switch request {
        case .get(let query): return ask(query, .token, line, number, asker)
        case .header(let query): return ask(query, .header, line, number, asker)
        case .reject(let name, let id, let wait): return reject(name, id, wait, number, asker)
        case .wait(let name, let wait): return awaitReady(name, wait, number, asker)
        case .watch(let query): return watch(query, number, asker)
        case .list, .status: return .listing(look(request, for: asker))
        case .renew(let name): return admin("RENEW", asker) ?? renew(name, number, asker)
        case .reload: return admin("RELOAD", asker) ?? reload(number, asker)
        case .explain(let query): return admin("EXPLAIN", asker) ?? .listing(explain(query))
        case .ping: return .reply(.ok())
        case .hello: return .reply(.ok(words: ["tokend", Release.version], fields: [Field("protocol", Release.protocolNumber)]))
        case .help: return .reply(.rows(Request.helpRows.map { .text($0) }))
        case .quit: return .reply(.ok())
        case .login(let name, let redirectURI, let flow, let confirmsFirst):
            return login(name, redirectURI, flow, confirmsFirst: confirmsFirst, number, asker)
        case .callback(let login, let answer): return callback(login, answer, number, asker)
        case .confirm(let login): return confirm(login, number, asker)
        case .cancel(let login): return cancel(login, number, asker)
        case .await(let login, let wait): return awaitLogin(login, wait, number, asker)
        case .logout(let name): return logout(name, number, asker)
        case .importToken(let name, let token, let expires): return importToken(name, token, expires, number, asker)
        case .metrics: return admin("METRICS", asker) ?? .listing(metrics())
        }
    }

    // MARK: tokens

    private func ask(
        _ query: TokenQuery, _ form: CachedReply.Form, _ line: UnsafeRawBufferPointer?, _ number: UInt64, _ asker: any Asker
    ) -> Taken {
        switch policy.authorise(query, for: asker.caller) {
        case .failure(let refusal): return .reply(refuse(refusal, query.name, asker))
        case .success(let authorised):
            if let ready = put({ $0.ready(authorised, at: now) }) {
                keepTokens()
                arm()
                return .reply(
                    handOver(ready.held, authorised, query, form, asker) { slot in
                        if let line { remember(ready, form, line, for: asker.caller, slot: slot) }
                    })
            }
            let waiter = makeNumber()
            let wanted = WantedToken(query: query, form: form, authorised: authorised, policy: policy)
            let turn = put { $0.ask(authorised, waiter: waiter, at: now) }
            return conclude(turn, waiter, Pending(asker: asker, number: number, kind: .token(wanted), deadline: deadline(authorised.wait)))
        }
    }

    /// The reply with a token that this caller may have, once it is recorded.
    private func handOver(
        _ held: HeldToken, _ authorised: AuthorisedQuery, _ query: TokenQuery, _ form: CachedReply.Form, _ asker: any Asker,
        recorded: (AuditSlot) -> Void = { _ in }
    ) -> Reply {
        guard let receipt = record(handedOut(held, authorised, asker.caller), of: asker) else { return refuse(.unrecorded, query.name, asker) }
        recorded(receipt.slot)
        switch form {
        case .token: return .token(held.served)
        case .header: return .header(held.served)
        }
    }

    /// What the rules say of a request that has waited; they are asked again only if they are others by now.
    func authorised(_ wanted: WantedToken, for caller: Caller) -> Result<AuthorisedQuery, Refusal> {
        wanted.policy === policy ? .success(wanted.authorised) : policy.authorise(wanted.query, for: caller)
    }

    /// The reply if it is in this turn already; otherwise the request waits.
    func conclude(_ turn: Turn, _ waiter: UInt64, _ request: Pending) -> Taken {
        if let answer = perform(turn, mine: waiter) { return .reply(reply(to: request.kind, answer, for: request.asker)) }
        pending[waiter] = request
        return .later(waiter)
    }

    func deadline(_ wait: Int) -> Int64 { now.boot + .seconds(wait) }

    /// Words an answer for whoever asked, and records it.
    func reply(to kind: Pending.Kind, _ answer: Answer, for asker: any Asker) -> Reply {
        switch (kind, answer) {
        case (.token(let wanted), .token(let held)):
            switch authorised(wanted, for: asker.caller) {
            case .failure(let refusal): return refuse(refusal, wanted.query.name, asker)
            // it may have waited for its slice of time
            case .success where !held.lasts(0, at: now.boot): return refuse(.spentOnArrival, wanted.query.name, asker)
            case .success(let authorised): return handOver(held, authorised, wanted.query, wanted.form, asker)
            }
        case (.reject(let name), .token): return rejected(name, .renewed, asker, .ok(words: ["renewed"]))
        case (.wait, .token): return .ok(fields: [Field("state", TokenState.ready.rawValue)])
        case (.renew, .token): return .ok()
        case (.token(let wanted), .refused(let refusal)): return refuse(refusal, wanted.query.name, asker)
        case (.reject(let name), .refused(let refusal)): return rejected(name, AuditDecision(refusal.code), asker, .refused(refusal))
        case (.wait(let name), .refused(let refusal)): return refuse(refusal, name, asker)
        case (.renew, .refused(let refusal)): return .refused(refusal)
        case (.signIn(_, let name?), .refused(let refusal)): return refuse(refusal, name, asker)
        case (.signIn(let verb, nil), .refused(let refusal)): return refuse(refusal, of: verb, asker)
        case (.signIn, .signIn(let answer)): return Reply(answer)
        // nobody is told what another kind of request asked for
        case (.signIn, .token), (.credential, _), (_, .signIn): return .refused(Refusal(.internal, [], "the answer does not fit the request"))
        }
    }

    @discardableResult
    func refuse(_ refusal: Refusal, _ name: String, _ asker: any Asker) -> Reply {
        record(refused(refusal, name, policy.consumer(of: name, for: asker.caller), asker.caller), of: asker)
        return .refused(refusal)
    }

    /// Of a request that names no token.
    private func refuse(_ refusal: Refusal, of verb: Verb, _ asker: any Asker) -> Reply {
        var entry = AuditEntry(.refused, AuditDecision(refusal.code), caller: asker.caller, reason: refusal.fields.first { $0.key == "reason" }?.value)
        entry.request = verb.rawValue
        record(entry, of: asker)
        return .refused(refusal)
    }

    /// A line that is no request: nothing of it is recorded but that it came.
    func refuseLine(_ refusal: Refusal, of asker: any Asker) -> Refusal {
        var entry = AuditEntry(.refused, AuditDecision(refusal.code), caller: asker.caller)
        entry.request = "line"
        record(entry, of: asker)
        return refusal
    }

    private func reject(_ name: String, _ id: Fingerprint?, _ wait: Int, _ number: UInt64, _ asker: any Asker) -> Taken {
        switch policy.authorise(name: name, for: asker.caller) {
        case .failure(let refusal): return .reply(refuse(refusal, name, asker))
        case .success(let query):
            let waiter = makeNumber()
            let (verdict, turn) = put { $0.reject(query.waiting(wait), id: id, waiter: waiter, at: now) }
            let reply: Reply
            switch verdict {
            case .newer: reply = rejected(name, .newer, asker, .ok(words: ["newer"]))
            case .cooling(let pause): reply = rejected(name, .cooling, asker, .ok(words: ["cooling"], fields: [Field("retry-after", pause)]))
            case .refused(let refusal): reply = rejected(name, AuditDecision(refusal.code), asker, .refused(refusal))
            case .renewing:
                return conclude(turn, waiter, Pending(asker: asker, number: number, kind: .reject(name: name), deadline: deadline(wait)))
            }
            // a reference token cannot be renewed, but somebody should hear of it
            perform(turn)
            return .reply(reply)
        }
    }

    private func rejected(_ name: String, _ decision: AuditDecision, _ asker: any Asker, _ reply: Reply) -> Reply {
        let consumer = policy.consumer(of: name, for: asker.caller)
        record(AuditEntry(.rejected, decision, token: policy.token(named: name)?.name, consumer: consumer, caller: asker.caller), of: asker)
        return reply
    }

    /// An administrator may know of every token whether it can be had, be there an entry for them or not.
    private func awaitReady(_ name: String, _ wait: Int, _ number: UInt64, _ asker: any Asker) -> Taken {
        var verdict = policy.authorise(name: name, for: asker.caller)
        if case .failure = verdict, policy.isAdmin(asker.caller) {
            verdict = policy.inquiry(name).map { .success($0) } ?? .failure(Refusal(.denied, [], "no token \(quoted(name)) is configured"))
        }
        switch verdict {
        case .failure(let refusal): return .reply(refuse(refusal, name, asker))
        case .success(let query):
            if ledger.isServable(query.key.token, at: now.boot) { return .reply(.ok(fields: [Field("state", TokenState.ready.rawValue)])) }
            let waiter = makeNumber()
            let turn = put { $0.ask(query.probe(wait: wait), waiter: waiter, patience: .ready, at: now) }
            return conclude(turn, waiter, Pending(asker: asker, number: number, kind: .wait(name: name), deadline: deadline(wait)))
        }
    }

    // MARK: looking

    /// How things are, each row at the moment it is written.
    func look(_ request: Request, for asker: any Asker) -> Listing {
        if case .status(let name) = request { return status(of: name, for: asker) }
        return list(for: asker.caller)
    }

    private func list(for caller: Caller) -> Listing {
        var queries = policy.tokens(for: caller).makeIterator()
        return .counted { [unowned self] in
            queries.next().map { query in
                Row.fields(words: [query.key.token.description], [Field("state", ledger.state(of: query.key, at: now.boot).state.rawValue)])
            }
        }
    }

    private func status(of name: String?, for asker: any Asker) -> Listing {
        let caller = asker.caller
        let isAdmin = policy.isAdmin(caller)
        if let name {
            if isAdmin, let token = TokenName(name), policy.token(named: name) != nil || ledger.isUnconfigured(token) { return adminRows([token]) }
            let left = TokenName(name).flatMap { ledger.isUnconfigured($0, of: caller) ? $0 : nil }
            switch policy.authorise(name: name, for: caller) {
            case .failure where left != nil: return rows([], left.map { [$0] } ?? [])
            case .failure(let refusal):
                let reply = refuse(refusal, name, asker)
                return Listing { .end(reply) }
            case .success(let query): return rows([query], left.map { [$0] } ?? [])
            }
        }
        guard isAdmin else { return rows(policy.tokens(for: caller), ledger.unconfigured(of: caller)) }
        let unconfigured = ledger.unconfigured
        return adminRows(unconfigured.isEmpty ? policy.names : Set(policy.names).union(unconfigured).sorted())
    }

    /// What a rule names for the caller, then the sign-ins of its own that the configuration has left.
    private func rows(_ queries: some Sequence<AuthorisedQuery>, _ left: [TokenName]) -> Listing {
        var queries = queries.makeIterator()
        var left = left[...]
        return .plain { [unowned self] in
            if let query = queries.next() { return row(query.key.token, ledger.status(of: query.key, at: now)) }
            while let token = left.popFirst() {
                if ledger.isUnconfigured(token) { return row(token, ledger.unconfiguredStatus(of: token)) }
            }
            return nil
        }
    }

    /// Each credential, then each of its consumers; then what the store alone has of it.
    private func adminRows(_ names: [TokenName]) -> Listing {
        var names = names[...]
        var consumers: [CacheKey] = []
        var stored: Row?
        return .plain { [unowned self] in
            if let key = consumers.popLast() { return row(key.token, ledger.status(of: key, at: now), consumer: key) }
            if let last = stored {
                stored = nil
                return last
            }
            guard let name = names.popFirst() else { return nil }
            let ofStore = ledger.isUnconfigured(name) ? row(name, ledger.unconfiguredStatus(of: name)) : nil
            guard policy.token(named: name.description) != nil else { return ofStore }
            stored = ofStore
            consumers = ledger.consumers(of: name).reversed()
            return row(name, ledger.status(of: name, at: now))
        }
    }

    private func row(_ token: TokenName, _ status: TokenStatus, consumer key: CacheKey? = nil) -> Row {
        var fields: [Field] = []
        if let key { fields.append(Field("consumer", key.consumer)) }
        fields.append(Field("state", status.state.rawValue))
        if let expires = status.expires { fields.append(Field("expires", expires)) }
        if let renews = status.renews { fields.append(Field("renews", renews)) }
        if key == nil, let until = status.loginUntil { fields.append(Field("login-until", until)) }
        if status.failures > 0 { fields.append(Field("failures", status.failures)) }
        if let reason = status.reason { fields.append(Field("reason", reason)) }
        if let id = status.id { fields.append(Field("id", id)) }
        if let key { fields += key.scopes.map { Field("scope", $0) } }
        return .fields(words: [token.description], fields)
    }

    private func explain(_ query: ExplainQuery) -> Listing {
        let caller = Caller(uid: query.uid, gid: query.gids.first ?? .max, groups: query.gids, unit: query.unit.map { CallerUnit(service: $0) } ?? .none)
        var lines = policy.explain(query.name, for: caller).makeIterator()
        return .plain { lines.next().map { .text($0) } }
    }
}

extension TokenKeeper {
    /// Whether a reply that had to wait for its turn may still be sent.
    func stillHolds(_ reply: Reply, _ request: Request, for caller: Caller) -> Bool {
        switch (reply, request) {
        case (.token(let served), .get(let query)), (.header(let served), .header(let query)):
            isServed(served.id, policy.authorise(query, for: caller))
        default: true
        }
    }

    /// Whether this token is what the caller would be handed now: the rule is there and asks for the same, nobody has signed out, and it lives.
    func isServed(_ id: Fingerprint, _ query: Result<AuthorisedQuery, Refusal>) -> Bool {
        guard case .success(let authorised) = query else { return false }
        return put { $0.ready(authorised, at: now) }?.held.id == id
    }
}

extension Request {
    /// Whether a token is the answer.
    var isForToken: Bool {
        switch self {
        case .get, .header: true
        case .list, .status, .reject, .wait, .watch, .login, .callback, .confirm, .cancel, .await, .logout, .importToken, .renew, .reload,
            .explain, .metrics, .ping, .hello, .help, .quit:
            false
        }
    }

    /// Whether its answer is a picture of the moment it is written.
    var isLook: Bool {
        switch self {
        case .list, .status: true
        case .get, .header, .reject, .wait, .watch, .login, .callback, .confirm, .cancel, .await, .logout, .importToken, .renew, .reload,
            .explain, .metrics, .ping, .hello, .help, .quit:
            false
        }
    }
}
