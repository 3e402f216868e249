internal import TokenWire

/// A LOGIN, LOGOUT or IMPORT that the disk refused half-way:
///
///     replace ──► on the disk
///        │ └── refused before it was whole ──► everything is as before
///        └── refused later ──► whoever waits is told, and it is written again until it is there, or a newer one is
///
/// The next start takes the newest record that it finds. So nothing is revoked and nothing else served before it is known which that is, and
/// whoever asks for a token waits for the next try, if that is soon enough.
extension Ledger {
    mutating func replaceLater(_ work: StoreWork, _ fault: StoreFault, at now: Moment, _ turn: inout Turn) {
        var work = work
        work.failures += 1
        let id = makeID()
        let next = now.boot + Self.storePause(after: work.failures)
        store.putOff(id, work, to: next)
        let token = work.job.name
        if case .signIn(let login) = work.step { logins.awaitAnswer(for: login, until: next + pace.intent) }
        noteStore(token, fault, &turn)
        let refusal = Refusal.unsettled(fault)
        for waiter in takeWaiters(of: work) { turn.answers.append((waiter, .refused(refusal))) }
        grants.putOff(token, to: next)
        for key in cache.keys(of: token) { dismissImpatient(key, unavailable(key, until: next, at: now), at: now, &turn) }
        resumeQueue(of: token, at: now, &turn)
    }

    /// Those who have not been told yet: whoever signs out or brings something in hears of the first failure, and of nothing after it.
    private mutating func takeWaiters(of work: StoreWork) -> [UInt64] {
        switch work.step {
        case .signIn(let id): logins.takeWaiters(of: id)
        case .signOut(let waiter, _), .importing(let waiter, _, _): work.failures > 1 ? [] : [waiter]
        case .intent, .successor, .remembered, .late, .tidy, .revocation: []
        }
    }

    /// Writes what is not on the disk, or not for certain, once more.
    /// - Parameter now: `nil` at the end of the daemon, when nothing is put off.
    mutating func writeAgain(_ id: UInt64, at now: Moment?, _ turn: inout Turn) {
        guard let work = store.uncertainWrite(id) else { return writeLate(id, at: now, &turn) }
        let token = work.job.name
        // one that another of its kind has overtaken on its way must not come behind it
        if store.replacementCount(token) > 1, work.job.generation < grants[token]?.generation ?? 0 {
            if let now { store.setDeadline(id, at: now.boot + Self.lateRetry) }
            return
        }
        if let work = store.takeUncertain(id) { enqueue(work, &turn) }
    }

    /// A newer record is on the disk: what it has overtaken is nowhere any more.
    mutating func giveUpOlder(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let present = grants[token]?.record?.generation else { return }
        while let work = store.takeOvertaken(token, by: present) { conclude(work, .failure(.overtaken(token)), at: now, &turn) }
    }
}

extension StoreFault {
    fileprivate static func overtaken(_ token: TokenName) -> StoreFault {
        StoreFault("something newer has taken its place as what is held for \"\(token)\"")
    }
}

extension Refusal {
    fileprivate static func unsettled(_ fault: StoreFault) -> Refusal {
        var told = Refusal.store(fault)
        told.text += "; it is written again until it is on the disk"
        return told
    }
}
