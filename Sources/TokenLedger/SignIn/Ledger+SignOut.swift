internal import OAuth
internal import Secrets
package import TokenWire

/// The end of a sign-in: here first, then at the server.
extension Ledger {
    /// LOGOUT, for a caller who may sign in, or of a token that only the store knows. Nothing is served any more once the tombstone is on the
    /// disk, whatever the server says.
    package mutating func logout(_ token: TokenName, for caller: Caller, waiter: UInt64, at now: Moment) -> Turn {
        var turn = Turn()
        if let refusal = reasonNotToLogOut(token) {
            turn.answers.append((waiter, .refused(refusal)))
            return turn
        }
        guard let record = grants[token]?.record, record.kind != .ended else {
            turn.answers.append((waiter, .signIn(.signedOut(isRevoked: false, url: nil, trouble: revocations.hasten(token, to: now.boot)))))
            return turn
        }
        let (generation, grant) = grants.number(token)
        let tombstone = StoredRecord(
            name: token, kind: .ended, binding: record.binding, generation: generation, grant: grant, secret: Secret(""),
            signedIn: record.signedIn, rotated: now.wall)
        announceRevocation(of: record, at: now, &turn)
        enqueue(.commit(tombstone), .signOut(waiter: waiter, SignOut(ended: record, tombstone: tombstone, caller: caller)), &turn)
        return turn
    }

    private func reasonNotToLogOut(_ token: TokenName) -> Refusal? {
        if isStopping { return .stopping }
        if let refusal = reasonToComeAgain(token) { return refusal }
        if let reason = grants[token]?.locked { return .locked(token, reason, isReference: configuration.tokens[token]?.grant.kind == .reference) }
        guard !isUnconfigured(token) else { return nil }
        switch configuration.tokens[token]?.grant {
        case .clientCredentials?: return Refusal(.refused, [Field("reason", "grant")], "nobody is signed in for \"\(token)\": it is had in another way")
        case .reference(let reference)? where reference.value != nil:
            return Refusal(.refused, [Field("reason", "configured")], "the configuration names the token of \"\(token)\"; remove it there")
        case .authorizationCode?, .reference?, nil: return nil
        }
    }

    mutating func signOutStored(
        _ waiter: UInt64, _ signOut: SignOut, _ result: Result<Void, StoreFault>, isAnswered: Bool, at now: Moment, _ turn: inout Turn
    ) {
        var signOut = signOut
        signOut.isAnswered = isAnswered
        let token = signOut.tombstone.name
        // what was in force at the end, not when it was asked for: a refresh may have brought another one since
        signOut.ended = grants[token]?.record ?? signOut.ended
        if case .failure(let fault) = result {
            if !signOut.isAnswered { turn.answers.append((waiter, .refused(.store(fault)))) }
            return replaced(token, by: nil, at: now, &turn)
        }
        replaced(token, by: signOut.tombstone, at: now, &turn)
        settleIn(token, at: now, &turn)
        guard signOut.ended.kind == .refresh else { return signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: nil, &turn) }
        guard !isStopping else { return signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: Self.unheard, &turn) }
        guard signOut.ended.secret.isEmpty else { return revoke(signOut, for: waiter, at: now, &turn) }
        guard isOurs(signOut.ended), let application = application(of: token) else {
            return signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: nil, &turn)
        }
        // there is nothing to revoke; the session in the browser can be ended all the same
        run(.locate, for: token, application, .signOut(waiter: waiter, signOut), &turn)
    }

    private mutating func located(_ waiter: UInt64, _ signOut: SignOut, _ result: ErrandResult, _ turn: inout Turn) {
        switch result {
        case .probed, .revoked: break
        case .located(.failure(let failure)): signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: failure.text, &turn)
        case .located(.success(let metadata)): signedOut(waiter, signOut, isRevoked: false, url: endSession(signOut, metadata), trouble: nil, &turn)
        }
    }

    /// Nobody waits for a server when the daemon stops: who is signed out here is told so, whatever becomes of it there.
    mutating func endSignOuts(_ turn: inout Turn) {
        for (waiter, signOut) in errands.takeSignOuts() {
            signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: nil, &turn)
        }
        endRevocationWaits(&turn)
    }

    /// Where the person's own session at the server can be ended. The ID token in it says who that is: only whoever signed in is told.
    func endSession(_ signOut: SignOut, _ metadata: ServerMetadata) -> String? {
        let ended = signOut.ended
        guard let endpoint = try? metadata.url(of: .endSession) else { return nil }
        var address: String?
        if case .authorizationCode(let signIn)? = configuration.tokens[ended.name]?.grant { address = signIn.postLogoutRedirectURI }
        let hint = ended.signer == signOut.caller.uid ? ended.idToken : nil
        return try? EndSessionRequest(at: endpoint, idToken: hint, clientID: ended.binding.clientID, postLogoutRedirectURI: address).url()
    }

    mutating func signedOut(
        _ waiter: UInt64, _ signOut: SignOut, isRevoked: Bool, url: String?, trouble: String?, _ turn: inout Turn
    ) {
        turn.events.append(.signedOut(signOut.ended.name, caller: signOut.caller, isRevoked: isRevoked, trouble: trouble))
        if !signOut.isAnswered { turn.answers.append((waiter, .signIn(.signedOut(isRevoked: isRevoked, url: url, trouble: trouble)))) }
    }

    // MARK: one sign-in takes the place of another

    /// What replaced a holding is durable, or (`nil`) could not be made so and everything is as before.
    mutating func replaced(_ token: TokenName, by record: StoredRecord?, at now: Moment, _ turn: inout Turn) {
        if let record {
            install(record, at: now, &turn)
            noteStoreWorks(token, &turn)
            giveUpOlder(token, at: now, &turn)
        }
        concludeAnnounced(token, by: record, at: now, &turn)
        reviewUnconfigured(token, &turn)
        guard !store.isReplacing(token) else { return }
        applyHeld(token, at: now, &turn)
        resumeQueue(of: token, at: now, &turn)
    }

    private mutating func install(_ record: StoredRecord, at now: Moment, _ turn: inout Turn) {
        let token = record.name
        if let old = grants.install(record, at: now) { revoke(old.secret, old.binding, at: now, &turn, of: token) }
        failures.forgive(token)
        for key in cache.keys(of: token) {
            exchanges.disregard(key)
            cache.drop(key)
            cache.endTrouble(of: key)
            if isForgettable(key, at: now.boot) { close(key) } else { reschedule(key, at: now.boot) }
        }
        guard record.kind == .ended else { return }
        // whoever waits or watches hears that it is over
        let refusal = Refusal.signedOut(token)
        for key in cache.keys(of: token) {
            tellWatchers(of: key, { _ in .trouble(.loginRequired, reason: refusal.text) }, &turn)
            dismissWaiters(of: key, refusal, at: now, &turn)
        }
    }

    // MARK: errands

    /// One thing at a time is done to what is held for a token.
    func reasonToComeAgain(_ token: TokenName) -> Refusal? {
        guard store.isReplacing(token) else { return nil }
        return Refusal(.busy, [Field("retry-after", 1)], "something else is being done to the sign-in of \"\(token)\"")
    }

    @discardableResult
    mutating func run(_ errand: Errand, for token: TokenName, _ application: Application, _ purpose: ErrandPurpose, _ turn: inout Turn) -> UInt64 {
        let id = makeID()
        errands.begin(id, purpose)
        turn.errands.append(ErrandPlan(id: id, token: token, application: application, errand: errand, timeout: application.server.timeout))
        return id
    }

    /// Takes in what came of an errand.
    package mutating func finished(_ report: ErrandReport, at now: Moment) -> Turn {
        var turn = Turn()
        switch errands.end(report.id) {
        case nil: break
        case .login(let server)?:
            if case .located(let result) = report.result { located(server, result, at: now, &turn) }
        case .probe(let token)?: looked(at: token, report, at: now, &turn)
        case .signOut(let waiter, let signOut)?: located(waiter, signOut, report.result, &turn)
        case .revocation(let key)?: revocationAnswered(key, report.result, at: now, &turn)
        }
        return turn
    }
}

/// A sign-out on its way: what has ended, and what is written in its place.
struct SignOut: Sendable {
    var ended: StoredRecord
    var tombstone: StoredRecord
    var caller: Caller
    /// Whoever signs out was told that the disk refused it half-way; what comes of it later is recorded.
    var isAnswered = false
}
