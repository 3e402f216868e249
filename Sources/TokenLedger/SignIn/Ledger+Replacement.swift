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
        unsettled[id] = work
        let token = work.job.name
        let next = now.boot + Self.storePause(after: work.failures)
        overdue.set(id, at: next)
        if case .signIn(let login) = work.step { logins.awaitAnswer(for: login, until: next + pace.intent) }
        noteStore(token, fault, &turn)
        let refusal = Refusal.unsettled(fault)
        for waiter in takeWaiters(of: work) { turn.answers.append((waiter, .refused(refusal))) }
        let notBefore = holdings[token]?.notBefore ?? 0
        holdings[token]?.notBefore = max(notBefore, next)
        for key in cache.keys(of: token) { dismissImpatient(key, unavailable(key, until: next, at: now), at: now, &turn) }
        resumeQueue(of: token, at: now, &turn)
    }

    /// One that was refused once may be there, and is not for certain.
    func isUnsettled(_ token: TokenName) -> Bool {
        unsettled.values.contains { $0.job.name == token }
            || steps.values.contains { $0.failures > 0 && $0.step.isReplacement && $0.job.name == token }
    }

    /// Those who have not been told yet: whoever signs out or brings something in hears of the first failure, and of nothing after it.
    private mutating func takeWaiters(of work: StoreWork) -> [UInt64] {
        switch work.step {
        case .signIn(let id): logins.takeWaiters(of: id)
        case .signOut(let waiter), .importing(let waiter): work.failures > 1 ? [] : [waiter]
        case .intent, .successor, .remembered, .late, .tidy, .revocation: []
        }
    }

    /// Writes what is not on the disk, or not for certain, once more.
    /// - Parameter now: `nil` at the end of the daemon, when nothing is put off.
    mutating func writeAgain(_ id: UInt64, at now: Moment?, _ turn: inout Turn) {
        guard let work = unsettled[id] else { return writeLate(id, at: now, &turn) }
        let holding = holdings[work.job.name] ?? Holding()
        // one that another of its kind has overtaken on its way must not come behind it
        if holding.replacements > 1, work.job.generation < holding.generation {
            if let now { overdue.set(id, at: now.boot + Self.lateRetry) }
            return
        }
        unsettled[id] = nil
        enqueue(work, &turn)
    }

    /// A newer record is on the disk: what it has overtaken is nowhere any more.
    mutating func giveUpOlder(_ token: TokenName, at now: Moment, _ turn: inout Turn) {
        guard let present = holdings[token]?.record?.generation else { return }
        for (id, work) in unsettled where work.job.name == token && work.job.generation < present {
            unsettled[id] = nil
            overdue.set(id, at: nil)
            conclude(work, .failure(.overtaken(token)), at: now, &turn)
        }
    }
}

extension StoreStep {
    /// It ends one sign-in or import with another, or with none.
    var isReplacement: Bool {
        switch self {
        case .signIn, .signOut, .importing: true
        case .intent, .successor, .remembered, .late, .tidy, .revocation: false
        }
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
