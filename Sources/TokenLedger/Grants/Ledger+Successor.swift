internal import Secrets
internal import TokenWire

/// What a refresh brought, on its way to the disk:
///
///     keep ──commit──► synced ──────────────────────────────► concluded
///            │  └── refused, or slow ──remember──► in memory that outlives the process ──► concluded, and written until it is there
///            └── neither takes it: written again, and nothing of it is used
extension Ledger {
    /// A successor goes to the disk before what came with it is used.
    mutating func commitSuccessor(_ next: StoredRecord, _ id: UInt64, _ report: ExchangeReport, at now: Moment, _ turn: inout Turn) {
        grants.commit(id, next, report)
        store.setDeadline(id, at: now.boot + pace.successor)
        enqueue(.commit(next), .successor(exchange: id), &turn)
    }

    /// The successor is durable: now the access token may be used.
    mutating func successorCommitted(_ id: UInt64, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id) else { return lateStored(id, .success(()), at: now, &turn) }
        guard case .committing(let record, let report) = rotation.stage else { return }
        let token = rotation.token
        store.setDeadline(id, at: nil)
        noteStoreWorks(token, &turn)
        guard grants.isCurrent(id, of: token) else {
            _ = endExchange(id)
            return revoke(record.secret, record.binding, at: now, &turn, of: token)
        }
        grants.take(record, isUnsynced: false)
        concludeRotation(id, report, at: now, &turn)
    }

    /// The disk did not take the successor. It is written again, to a new file, until it is there: memory is the only place that has it.
    mutating func successorFailed(_ id: UInt64, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id) else { return lateStored(id, .failure(fault), at: now, &turn) }
        guard case .committing(let record, _) = rotation.stage else { return }
        noteStore(rotation.token, fault, &turn)
        grants.commitFailed(id)
        // memory alone has it: at least a crash of the daemon must not reach it
        if rotation.failures == 0 { enqueue(.remember(record), .remembered(exchange: id), &turn) }
        store.setDeadline(id, at: now.boot + Self.storePause(after: rotation.failures))
        dismissWaiters(ofExchange: id, fault, at: now, &turn)
    }

    /// A step to the disk takes longer than it may, or its next try is due.
    mutating func overrun(_ id: UInt64, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id) else { return writeAgain(id, at: now, &turn) }
        let token = rotation.token
        switch rotation.stage {
        case .exchanging, .held: break
        case .preparing: intentFailed(id, .noAnswer(to: token), at: now, &turn)
        case .committing(let record, _) where !grants.isCurrent(id, of: token):
            // another sign-in has taken its place: this one is of no use any more
            _ = endExchange(id)
            revoke(record.secret, record.binding, at: now, &turn, of: token)
        case .committing where store.isReplacing(token): store.setDeadline(id, at: now.boot + pace.successor)
        case .committing(let record, _) where rotation.failures > 0:
            store.setDeadline(id, at: now.boot + pace.successor)
            guard !rotation.isWriting else { return }
            grants.commitAgain(id)
            enqueue(.commit(record), .successor(exchange: id), &turn)
        case .committing(let record, _):
            enqueue(.remember(record), .remembered(exchange: id), &turn)
            let fault = StoreFault("the store does not answer: the new refresh token of \"\(token)\" is not durable yet")
            noteStore(token, fault, &turn)
            dismissWaiters(ofExchange: id, fault, at: now, &turn)
        }
    }

    /// The successor is safe from a crash of the daemon, though not on the disk: it may be used. Its writing goes on.
    mutating func successorRemembered(_ id: UInt64, at now: Moment, _ turn: inout Turn) {
        guard let rotation = grants.rotation(id), case .committing(let record, let report) = rotation.stage, grants.isCurrent(id, of: record.name),
            !store.isReplacing(record.name)
        else { return }
        grants.take(record, isUnsynced: true)
        store.keepInMemory(id, record)
        concludeRotation(id, report, at: now, &turn)
        // a try that has failed already is made again; one that is under way reports under the exchange's number
        if rotation.failures > 0 { store.setDeadline(id, at: now.boot + .seconds(1)) }
    }

    /// What became of the writing of a successor that is in use already.
    mutating func lateStored(_ id: UInt64, _ result: Result<Void, StoreFault>, at now: Moment, _ turn: inout Turn) {
        guard let record = store.memoryOnlyRecord(id) else { return }
        if case .failure(let fault) = result {
            noteStore(record.name, fault, &turn)
            return store.setDeadline(id, at: now.boot + Self.lateRetry)
        }
        store.endMemoryOnly(id)
        noteStoreWorks(record.name, &turn)
        grants.noteSynced(record.name)
        failures.retryNow(record.name)
        for key in cache.keys(of: record.name) { reschedule(key, at: now.boot) }
        scheduleKeepAlive(record.name, at: now)
    }
    static let lateRetry = Int64.seconds(10)

    /// Writes what only the memory has once more. A new sign-in in its place makes that needless; while one is on its way to the disk it
    /// must not come behind it.
    mutating func writeLate(_ id: UInt64, at now: Moment?, _ turn: inout Turn) {
        guard let record = store.memoryOnlyRecord(id), let holding = grants[record.name] else { return }
        guard holding.record == record else { return store.endMemoryOnly(id) }
        if store.isReplacing(record.name) {
            if let now { store.setDeadline(id, at: now.boot + Self.lateRetry) }
            return
        }
        // what cannot be opened and is in the way is moved aside
        enqueue(.replace(record), .late(id), &turn)
    }

    /// Until what the disk did not take is written again: 1, 2, 4 ... 30 s.
    static func storePause(after failures: Int) -> Int64 { min(Int64.seconds(1) << min(failures, 5), .seconds(30)) }

    /// Callers do not wait for a disk: they get what is held, or hear of it.
    private mutating func dismissWaiters(ofExchange id: UInt64, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        if let key = exchanges[id]?.key { dismissWaiters(of: key, .store(fault, retryAfter: 1), at: now, &turn) }
    }

    // MARK: the state of the store

    mutating func noteStore(_ token: TokenName, _ fault: StoreFault, _ turn: inout Turn) {
        if grants.note(isStoreFailing: true, token) { turn.events.append(.storeFailed(token, fault)) }
    }

    mutating func noteStoreWorks(_ token: TokenName, _ turn: inout Turn) {
        if grants.note(isStoreFailing: false, token) { turn.events.append(.storeRecovered(token)) }
    }
}

extension StoreFault {
    static func noAnswer(to token: TokenName) -> StoreFault {
        StoreFault("the store does not answer: the intent to renew \"\(token)\" is not durable")
    }

    static func notReplaced(_ token: TokenName) -> StoreFault {
        StoreFault("what replaces the sign-in of \"\(token)\" is not on the disk for certain yet")
    }

    static let noAnswerYet = StoreFault("the store has not answered an earlier job")

    static func notSynced(_ token: TokenName) -> StoreFault { StoreFault("the refresh token of \"\(token)\" is not on the disk yet, so it is not spent") }
}
