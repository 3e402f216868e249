internal import OAuth
internal import TokenWire

extension Ledger {
    /// Takes a place for a request of this share; `false` if there is none.
    mutating func claimPlace(for id: UInt64, of share: Share, at now: Moment, _ turn: inout Turn) -> Bool {
        let (isIn, gaveWay) = waiters.claimPlace(for: id, of: share)
        for waiter in gaveWay { release(waiter, .tooManyWaiters, at: now, &turn) }
        return isIn
    }

    /// Somebody who waits no longer: the held token if that is good enough, else the refusal.
    mutating func release(_ waiter: Waiter, _ refusal: Refusal, at now: Moment, _ turn: inout Turn) {
        guard waiter.patience.isForToken, let held = cache.held(waiter.key), held.suits(waiter.fit),
            held.lasts(max(1, waiter.promise.least(held)), at: now.boot)
        else { return turn.answers.append((waiter.id, .refused(refusal))) }
        turn.answers.append((waiter.id, .token(held)))
        cache.noteServed(waiter.key)
    }

    mutating func timeOut(_ waiter: Waiter, at now: Moment, _ turn: inout Turn) {
        if waiter.patience == .outcome, waiter.promise == .usual, let held = cache.held(waiter.key), held.lasts(1, at: now.boot), held.suits(waiter.fit) {
            waiters.remove(waiter.id)
            turn.answers.append((waiter.id, .token(held)))
            cache.noteServed(waiter.key)
        } else if let utmost = waiter.utmost, utmost > now.boot {
            // what it would have got instead has ended meanwhile, so it waits as long as it said
            waiters.postpone(waiter.id, to: utmost)
        } else {
            waiters.remove(waiter.id)
            turn.answers.append((waiter.id, .refused(Refusal(.timeout, [], "nothing was ready in time; the exchange goes on"))))
        }
    }

    func tellWatchers(of key: CacheKey, _ row: (Watcher) -> WatchRow, _ turn: inout Turn) {
        for watcher in watchers.all(of: key) { turn.rows.append((watcher.id, row(watcher))) }
    }

    func isAwaited(_ key: CacheKey) -> Bool { !waiters.isEmpty(for: key) }

    func isWatched(_ key: CacheKey) -> Bool { !watchers.isEmpty(of: key) }
}

extension Refusal {
    static let tooManyWaiters = Refusal(.busy, [Field("retry-after", 1)], "too many requests wait for tokens, and most of them are yours")
}
