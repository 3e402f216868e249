internal import OAuth
internal import TokenWire

/// Requests that wait for a cached result, bounded over all tokens. To come and to go costs the same however many wait.
extension Ledger {
    /// Takes a place for a request of this share. Whoever has most requests waiting loses the newest of them; `false` if that is who asks.
    mutating func claimPlace(for id: UInt64, of share: Share, at now: Moment, _ turn: inout Turn) -> Bool {
        let (isIn, putOut) = waiterPool.admit(id, of: share, rank: -Int64(truncatingIfNeeded: id))
        for waiter in putOut { giveWay(waiter, at: now, &turn) }
        return isIn
    }

    private mutating func giveWay(_ id: UInt64, at now: Moment, _ turn: inout Turn) {
        guard let key = waiting[id], let waiter = removeWaiter(id) else { return }
        release(waiter, key, .tooManyWaiters, at: now, &turn)
    }

    /// Lets a request wait that has its place, or needs none.
    mutating func enlist(_ waiter: Waiter, _ key: CacheKey) {
        entries[key]?.waiters[waiter.id] = waiter
        waiting[waiter.id] = key
        patience.set(waiter.id, at: waiter.deadline)
    }

    @discardableResult
    mutating func removeWaiter(_ id: UInt64) -> Waiter? {
        forgetPlace(of: id)
        guard let key = waiting.removeValue(forKey: id), let waiter = entries[key]?.waiters.removeValue(forKey: id) else { return nil }
        // the room of those who waited once would stay with every token
        if entries[key]?.waiters.isEmpty == true { entries[key]?.waiters = [:] }
        return waiter
    }

    private mutating func forgetPlace(of id: UInt64) {
        patience.set(id, at: nil)
        waiterPool.remove(id)
    }

    /// Those who wait for this result, in their order, and who wait no longer.
    mutating func takeWaiters(of key: CacheKey, where isMeant: (Waiter) -> Bool = { _ in true }) -> [Waiter] {
        guard let waiters = entries[key]?.waiters.values.filter(isMeant), !waiters.isEmpty else { return [] }
        for waiter in waiters { removeWaiter(waiter.id) }
        return waiters.sorted { $0.id < $1.id }
    }

    func watchers(of key: CacheKey) -> [Watcher] { entries[key]?.watchers.values.sorted { $0.id < $1.id } ?? [] }

    /// The entry is gone, and those who waited for it are asked about again.
    mutating func orphan(_ waiters: some Collection<UInt64>) {
        for id in waiters {
            waiting[id] = nil
            forgetPlace(of: id)
        }
    }

    /// Somebody who waits no longer: the held token if that is good enough, else the refusal.
    mutating func release(_ waiter: Waiter, _ key: CacheKey, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        guard waiter.patience.isForToken, let held = entries[key]?.held, held.suits(waiter.fit),
            held.lasts(max(1, waiter.promise.least(held)), at: now.boot)
        else { return turn.answers.append((waiter.id, .refused(refusal))) }
        turn.answers.append((waiter.id, .token(held)))
        noteServed(key)
    }
}

extension Refusal {
    static let tooManyWaiters = Refusal(.busy, [Field("retry-after", 1)], "too many requests wait for tokens, and most of them are yours")
}
