internal import OAuth
internal import Secrets
internal import TokenWire

/// Revoking what nobody uses any more: what is decided about it.
extension Ledger {
    /// So many attempts at once, beside those that somebody waits for.
    static let revocationsAtOnce = 8
    /// Seconds for which a revocation is tried, unless the token is known to end sooner.
    static let longestRevocation: Int64 = 30 * 86_400

    // MARK: the disk

    /// Before a record that ends a sign-in: its refresh token is to be revoked.
    mutating func announceRevocation(of record: StoredRecord?, at now: Moment, _ turn: inout Turn) {
        guard let record, record.kind == .refresh, !record.secret.isEmpty else { return }
        _ = writeDown(record.secret, record.binding, of: record.name, record, until: end(of: record, at: now), at: now, &turn)
    }

    /// - Parameter record: of the sign-in, while that is in force.
    private mutating func writeDown(
        _ secret: Secret, _ binding: RecordBinding, of token: TokenName, _ record: StoredRecord? = nil, until: Int64, at now: Moment, _ turn: inout Turn
    ) -> RevocationKey {
        let revocation = Revocation(
            name: token, server: binding.server, clientID: binding.clientID, grant: record?.grant ?? 0, signedIn: record?.signedIn ?? 0,
            secret: secret, id: fingerprint(secret), until: until)
        guard revocations[revocation.key] == nil else { return revocation.key }
        if let surplus = revocations.surplus(of: token) {
            _ = giveUp(surplus, "\(Revocations.mostOfOne) refresh tokens of it wait for their revocation", &turn)
        }
        _ = revocations.announce(revocation, since: now.boot)
        enqueue(.writeRevocation(revocation), .revocation(revocation.key), &turn)
        return revocation.key
    }

    /// Seconds since the epoch: when the refresh token ends by itself, as far as anybody knows.
    private func end(of record: StoredRecord, at now: Moment) -> Int64 {
        var ends = [now.wall + Self.longestRevocation]
        var idle = record.idleLifetime
        if case .authorizationCode(let signIn)? = configuration.tokens[record.name]?.grant, isOurs(record) {
            if let life = signIn.refreshLifetime { ends.append(record.signedIn + Int64(life)) }
            idle = signIn.refreshIdle.map(Int64.init) ?? idle
        }
        if let idle { ends.append((grants[record.name]?.lastUsed?.wall ?? record.rotated) + idle) }
        return ends.min() ?? now.wall
    }

    private mutating func forget(_ key: RevocationKey, _ turn: inout Turn) {
        guard revocations.remove(key) else { return }
        enqueue(.removeRevocation(key), .tidy(key.name), &turn)
    }

    /// What the store held when the daemon started. One whose sign-in goes on was announced for a sign-out that never came to be.
    mutating func resume(_ found: [Revocation], at now: Moment, _ turn: inout Turn) {
        for revocation in found {
            let (key, holding) = (revocation.key, grants[revocation.name])
            _ = revocations.announce(revocation, since: now.boot)
            if holding?.record.map(revocation.isOf) == true || isInForce(revocation) {
                forget(key, &turn)
            } else if holding?.locked == nil {
                revocations.resume(key, at: now.boot + Int64(Double(min(pace.catchUp, .seconds(60))) * jitter.fraction()))
            }
        }
    }

    // MARK: attempts

    /// A refresh token that nobody uses any more. Nobody waits for its server.
    mutating func revoke(_ secret: Secret, _ binding: RecordBinding, at now: Moment, _ turn: inout Turn, of token: TokenName) {
        guard !secret.isEmpty, grants[token]?.refreshToken != secret else { return }
        begin(writeDown(secret, binding, of: token, until: now.wall + Self.longestRevocation, at: now, &turn), at: now, &turn)
    }

    /// The refresh token of a sign-in that has ended, for whoever ended it.
    mutating func revoke(_ signOut: SignOut, for waiter: UInt64, at now: Moment, _ turn: inout Turn) {
        let record = signOut.ended
        let key = writeDown(record.secret, record.binding, of: record.name, until: end(of: record, at: now), at: now, &turn)
        revocations.wait(waiter, signOut, for: key)
        begin(key, at: now, &turn)
    }

    /// Those of a token that were announced: a newer record is in force, or (`nil`) the sign-in goes on.
    mutating func concludeAnnounced(_ token: TokenName, by record: StoredRecord?, at now: Moment, _ turn: inout Turn) {
        for key in revocations.keys(of: token) {
            guard let pending = revocations[key], pending.isAnnounced else { continue }
            if let record, !pending.revocation.isOf(record), record.secret != pending.revocation.secret {
                begin(key, at: now, &turn)
            } else if !store.isReplacing(token), grants[token]?.locked == nil {
                forget(key, &turn)
            }
        }
    }

    private mutating func begin(_ key: RevocationKey, at now: Moment, _ turn: inout Turn) {
        revocations.begin(key)
        tryRevocation(key, at: now, &turn)
    }

    /// Its time has come.
    mutating func tryRevocation(_ key: RevocationKey, at now: Moment, _ turn: inout Turn) {
        guard !isStopping, let pending = revocations[key], !pending.isAnnounced, pending.errand == nil else { return }
        // an import, or a server that hands out the same one again, has brought it back
        guard !isInForce(pending.revocation) else { return forget(key, &turn) }
        // whoever signs out hears what the server says, in any case
        guard pending.failures == 0 || pending.signOut != nil || pending.left(at: now) > 0 else {
            return _ = giveUp(key, "it has ended by itself by now", &turn)
        }
        guard pending.signOut != nil || errands.revocationCount < Self.revocationsAtOnce else {
            return revocations.schedule(key, at: now.boot + .seconds(1) + Int64(Double(Int64.seconds(9)) * jitter.fraction()))
        }
        let (application, _) = revoker(of: pending.revocation)
        revocations.send(key, run(.revoke(pending.revocation.secret), for: key.name, application, .revocation(key), &turn))
    }

    /// The refresh token of the sign-in that goes on.
    private func isInForce(_ revocation: Revocation) -> Bool { grants[revocation.name]?.refreshToken == revocation.secret }

    /// Who tells the server: an application that is the same client there, the token's own first. Where none is configured any more, the client
    /// without its secret, in the way in which another application reaches the server, if there is one.
    private func revoker(of revocation: Revocation) -> (application: Application, isConfigured: Bool) {
        let own = String(revocation.name.application)
        let there = configuration.applications.values.filter { $0.server.location.address == revocation.server }
            .sorted { ($0.name == own ? "" : $0.name) < ($1.name == own ? "" : $1.name) }
        if let application = there.first(where: { $0.client.id == revocation.clientID }) { return (application, true) }
        let server = there.first?.server ?? ServerSettings(location: .issuer(revocation.server))
        return (Application(name: own, server: server, client: ClientIdentity(id: revocation.clientID, authentication: .none)), false)
    }

    /// Takes in what came of an attempt.
    mutating func revocationAnswered(_ key: RevocationKey, _ result: ErrandResult, at now: Moment, _ turn: inout Turn) {
        guard case .revoked(let outcome, let metadata) = result, let pending = revocations.answered(key) else { return }
        let isConfigured = revoker(of: pending.revocation).isConfigured
        var trouble: String?
        switch outcome {
        case .revoked:
            if pending.isTold { turn.events.append(.revoked(key.name)) }
            forget(key, &turn)
        case .unsupported(let text):
            trouble = giveUp(key, text, &turn)
        case .failed(let failure) where !isConfigured && !failure.mayPass:
            trouble = giveUp(key, "\(failure.text); the client is no longer configured, so its secret was not sent", &turn)
        case .failed(let failure) where pending.left(at: now) <= 0:
            trouble = giveUp(key, failure.text, &turn)
        case .failed(let failure):
            trouble = putOff(key, failure, at: now, &turn)
        }
        guard let (waiter, signOut) = pending.signOut else { return }
        let url = metadata.flatMap { endSession(signOut, $0) }
        signedOut(waiter, signOut, isRevoked: trouble == nil, url: url, trouble: trouble, &turn)
    }

    private mutating func putOff(_ key: RevocationKey, _ failure: ExchangeFailure, at now: Moment, _ turn: inout Turn) -> String {
        guard let pending = revocations[key] else { return failure.text }
        let failures = pending.failures + 1
        var pause = revocationPause(after: failures)
        var least = pace.revocation
        if case .answered(let seconds?) = failure.law { least = max(least, .seconds(seconds)) }
        pause = max(pause, least)
        if pending.isUnwritten { enqueue(.writeRevocation(pending.revocation), .revocation(key), &turn) }
        let text = "\(failure.text); the server is told again, for \(roundedDuration(pending.left(at: now))) at most"
        if !pending.isTold { turn.events.append(.notRevoked(key.name, text)) }
        revocations.putOff(key, to: now.boot + pause, notBefore: now.boot + least, text)
        return text
    }

    /// 10 s, 20 s, 40 s ... an hour, a quarter more or less at random.
    private mutating func revocationPause(after failures: Int) -> Int64 {
        let pause = min(pace.revocation << min(failures - 1, 9), .seconds(3_600))
        return Int64(Double(pause) * (0.75 + 0.5 * jitter.fraction()))
    }

    private mutating func giveUp(_ key: RevocationKey, _ text: String, _ turn: inout Turn) -> String {
        forget(key, &turn)
        let told = "\(text); the server is not told again"
        turn.events.append(.notRevoked(key.name, told))
        return told
    }

    /// The configuration has changed, and may have mended what was wrong.
    mutating func hastenRevocations(at now: Moment) {
        var jitter = jitter
        revocations.hasten { now.boot + Int64(Double(Int64.seconds(10)) * jitter.fraction()) }
        self.jitter = jitter
    }

    /// Whoever signs out waits for no server when the daemon stops: the next start tells it.
    mutating func endRevocationWaits(_ turn: inout Turn) {
        for (waiter, signOut) in revocations.stop() { signedOut(waiter, signOut, isRevoked: false, url: nil, trouble: Self.unheard, &turn) }
    }
    static let unheard = "tokend stops before the server has answered; the next start tells it again"
}
