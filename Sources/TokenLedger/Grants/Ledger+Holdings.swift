internal import OAuth
internal import Secrets
internal import TokenWire

/// What is on the disk, as it bears on what can be served.
extension Ledger {
    /// Takes in what the store held when the daemon started. Nothing is sent because of it: what is due is spread.
    package mutating func restore(_ found: [Found], at now: Moment) -> Turn {
        var turn = Turn()
        var revocations: [Revocation] = []
        for item in found {
            switch item {
            case .revocation(let revocation): revocations.append(revocation)
            case .locked(let token, let reason):
                grants.restore(locked: token, reason)
                turn.events.append(.locked(token, reason))
            case .unsynced(let record):
                grants.restore(record, isUnsynced: true)
                let id = makeID()
                store.keepInMemory(id, record)
                writeLate(id, at: now, &turn)
            case .record(let record, let intent):
                grants.restore(record)
                if let intent { resume(intent, of: record, at: now, &turn) }
            }
        }
        // what they are about is known now
        resume(revocations, at: now, &turn)
        return turn
    }

    /// What an intent without a successor means: a refresh token went out, or was about to, when the daemon ended.
    private mutating func resume(_ intent: Intent, of record: StoredRecord, at now: Moment, _ turn: inout Turn) {
        let token = record.name
        guard record.kind == .refresh, intent.grant == record.grant, intent.generation == record.generation else {
            return enqueue(.withdraw(token), .tidy(token), &turn)
        }
        let timeout = patience(for: token)
        // a wall clock that was set meanwhile cannot make it earlier than allowed, nor much later
        let age = min(max(0, .seconds(now.wall - intent.sent)), timeout + pace.replay)
        let earliest = now.boot + timeout + pace.replay - age
        // also where an earlier tokend took two answers that were lost for the end of the sign-in
        grants.doubt(token, intent, earliest: earliest, notBefore: earliest)
    }

    /// After a start, a reload, a sign-in or an import: what is served of a holding, and when it is next looked after.
    mutating func settleIn(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let settings = configuration.tokens[token] else { return }
        switch settings.grant {
        case .clientCredentials: return
        case .authorizationCode: scheduleKeepAlive(token, at: now)
        case .reference(let reference):
            hold(reference, settings, at: now, &turn)
            scheduleProbe(token, at: now, &turn)
        }
        scheduleWarning(token, at: now)
    }

    /// Why nothing can be fetched or served for a token that a person or an operator has to bring in; `nil` when it can.
    func reasonUnavailable(_ token: TokenName) -> Refusal? {
        guard let settings = configuration.tokens[token] else { return nil }
        switch settings.grant {
        case .clientCredentials: return nil
        case .authorizationCode: return reasonNoSignIn(token)
        case .reference(let reference): return reasonNoReference(settings, reference)
        }
    }

    private func reasonNoSignIn(_ token: TokenName) -> Refusal? {
        guard let holding = grants[token] else { return .nobodySignedIn(token) }
        if let reason = holding.locked { return .locked(token, reason) }
        guard let record = holding.record else { return .nobodySignedIn(token, after: holding.lastSignIn) }
        guard record.kind != .ended else { return .signedOut(token) }
        guard isOurs(record) else { return .otherServer(token, record) }
        if let ended = holding.ended { return ended }
        return holding.refreshToken == nil ? .noRefreshToken(token) : nil
    }

    private func reasonNoReference(_ settings: TokenSettings, _ reference: ReferenceSettings) -> Refusal? {
        let token = settings.name
        if reference.value == nil {
            if let reason = grants[token]?.locked { return .locked(token, reason, isReference: true) }
            guard let record = grants[token]?.record, record.kind == .reference else { return .nothingImported(token) }
            guard isOurs(record) else { return .otherServer(token, record) }
        }
        // it is held until its end
        return cache.held(settings.soleKey) == nil ? .referenceEnded(token, isConfigured: reference.value != nil) : nil
    }

    /// The token itself is named by the configuration.
    func isConfiguredValue(_ token: TokenName) -> Bool {
        if case .reference(let reference)? = configuration.tokens[token]?.grant { reference.value != nil } else { false }
    }

    /// RT-14: it goes to the server and the client that it was given to, and to nobody else.
    func isOurs(_ record: StoredRecord) -> Bool { isOurs(record.binding, record.name) }

    func isOurs(_ binding: RecordBinding, _ token: TokenName) -> Bool {
        guard let present = self.binding(of: token) else { return false }
        return binding.server == present.server && binding.clientID == present.clientID && binding.grant == present.grant
    }

    /// What a record of this token would be bound to now.
    func binding(of token: TokenName, subject: String? = nil) -> RecordBinding? {
        guard let settings = configuration.tokens[token], let application = application(of: token) else { return nil }
        return RecordBinding(
            server: application.server.location.address, clientID: application.client.id, grant: settings.grant.kind.rawValue, subject: subject)
    }

    /// Hands a job to the store and remembers what its report is for.
    mutating func enqueue(_ job: StoreJob, _ step: StoreStep, _ turn: inout Turn) {
        enqueue(StoreWork(job: job, step: step), &turn)
    }

    mutating func enqueue(_ work: StoreWork, _ turn: inout Turn) {
        turn.jobs.append(store.begin(makeID(), work))
    }
}

extension TokenSettings {
    /// Its refresh token ends with the access token, so that it is never let go.
    var diesWithAccess: Bool { if case .authorizationCode(let signIn) = grant { signIn.refreshDiesWithToken } else { false } }

    /// The cached result that a token for all consumers has first of all.
    var soleKey: CacheKey { CacheKey(token: name, consumer: .shared, scopes: scopes, audience: audiences.first) }
}
