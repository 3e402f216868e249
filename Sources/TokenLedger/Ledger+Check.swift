internal import OAuth
internal import TokenWire

/// The rules that hold between the ledger's tables after every event.
extension Ledger {
    /// Whether a check after every event costs next to nothing.
    package var isSmall: Bool { cache.count + holdings.count + waiters.count < 200 }

    /// Says each rule that is broken, in one sentence; empty when the ledger is sound. It reads every table: for tests, and for debug builds of the keeper.
    package func check() -> [String] {
        checkWaiters() + checkCache() + exchanges.check() + checkHoldings() + checkStoreWork() + checkSignIns() + checkRevocations() + checkProbes()
    }

    private func checkWaiters() -> [String] {
        waiters.check() + waiters.keys.filter { !cache.contains($0) }.map { "requests wait for \($0), which has no entry" }
            + watchers.keys.filter { !cache.contains($0) }.map { "\($0) is watched and has no entry" }
    }

    private func checkCache() -> [String] {
        cache.check()
            + exchanges.keysUnderWay.filter { !cache.contains($0) }.map { "\($0) waits for an exchange and has no row" }
            + (isStopping ? [] : cache.keys.filter { nextLook($0, at: 0) != nil && cache.nextLook($0) == nil }.map { "\($0) is not looked at again" })
    }

    private func checkHoldings() -> [String] {
        var faults: [String] = []
        for (token, holding) in holdings {
            if let id = holding.exchange, exchanges[id]?.key.token != token || rotations[id]?.token != token {
                faults.append("\(token) waits for exchange \(id), which does not send its refresh token")
            }
            if holding.isUnsynced, !store.hasMemoryOnly(holding.record) {
                faults.append("the record of \(token) is not on the disk, and nothing writes it")
            }
        }
        for token in exchanges.tokensAwaited where !isRefreshTokenBusy(token) {
            let isWanted = cache.keys(of: token).contains { exchanges.isQueued($0) && !exchanges.awaitsRefreshToken($0) }
            if !isWanted { faults.append("entries of \(token) wait for its refresh token, which no exchange has") }
        }
        for id in rotations.keys where exchanges[id] == nil { faults.append("exchange \(id) sends a refresh token and is not under way") }
        for token in store.tokensReplaced where holdings[token] == nil {
            faults.append("a record of \(token) is on its way to the disk, and nothing is held of it")
        }
        if !isStopping {
            for token in keepAlives.keys where holdings[token] == nil { faults.append("\(token) is kept alive and has no record") }
        }
        return faults
    }

    /// Everything that waits for the disk has either a job there or a time at which it gets one.
    private func checkStoreWork() -> [String] {
        var faults: [String] = []
        var intents: Set<UInt64> = [], successors: Set<UInt64> = []
        for step in store.steps {
            switch step {
            case .intent(let id, _): intents.insert(id)
            case .successor(let id), .remembered(let id): successors.insert(id)
            case .late, .tidy, .revocation, .signIn, .signOut, .importing: break
            }
        }
        for (id, rotation) in rotations {
            switch rotation.stage {
            case .preparing where !intents.contains(id) && !store.hasDeadline(id): faults.append("exchange \(id) waits for an intent that nobody writes")
            case .committing where !successors.contains(id) && !store.hasDeadline(id): faults.append("exchange \(id) waits for a record that nobody writes")
            case .held where !store.isReplacing(rotation.token): faults.append("exchange \(id) waits for a replacement that is over")
            case .preparing, .exchanging, .held, .committing: break
            }
        }
        return faults + store.check(isStopping: isStopping)
    }

    private func checkSignIns() -> [String] {
        var faults = logins.check()
        let steps = store.steps
        for server in logins.searches.keys where errands.searches(of: server) != 1 {
            faults.append("the metadata of \(server.location.address) are fetched for sign-ins by none or by several")
        }
        for (id, login) in logins.all {
            switch login.stage {
            case .locating where logins.searches[login.server] == nil:
                faults.append("a sign-in of \(login.token) waits for metadata that nobody fetches")
            case .redeeming where !logins.flights.values.contains { $0.login == id }:
                faults.append("a sign-in of \(login.token) waits for a code that nobody sent")
            case .storing where !steps.contains { if case .signIn(id) = $0 { true } else { false } }:
                faults.append("a sign-in of \(login.token) waits for the disk, and nothing writes it")
            case .locating, .open, .redeeming, .confirming, .storing: break
            }
        }
        return faults
    }

    private func checkRevocations() -> [String] {
        var faults: [String] = []
        for (key, pending) in revocations {
            if let errand = pending.errand {
                guard case .revocation(key)? = errands[errand] else {
                    faults.append("a revocation of \(key.name) waits for an answer that nobody fetches")
                    continue
                }
            } else if pending.isAnnounced {
                if !store.isReplacing(key.name), holdings[key.name]?.locked == nil {
                    faults.append("a revocation of \(key.name) waits for a sign-out that is over")
                }
            } else if !isStopping, attempts[key] == nil {
                faults.append("a revocation of \(key.name) is never tried again")
            }
        }
        for key in attempts.keys where revocations[key] == nil { faults.append("a revocation of \(key.name) is scheduled and not known") }
        return faults
    }

    private func checkProbes() -> [String] {
        var faults: [String] = []
        for (token, state) in probes {
            if let errand = state.errand {
                if errands[errand] == nil { faults.append("\(token) waits for a look that nobody takes") }
            } else if !isStopping, looks[token] == nil {
                faults.append("\(token) is not looked at again")
            }
        }
        for token in looks.keys where probes[token] == nil { faults.append("\(token) is to be looked at and has no probe") }
        return faults
    }
}

extension PendingLogins {
    func check() -> [String] {
        var faults: [String] = []
        for (id, login) in all {
            for waiter in login.awaiting where awaited[waiter] != id {
                faults.append("a sign-in of \(login.token) lists request \(waiter), which does not wait for it")
            }
        }
        for (waiter, id) in awaited {
            if all[id]?.awaiting.contains(waiter) != true { faults.append("request \(waiter) waits for a sign-in that does not list it") }
            if patience[waiter] == nil { faults.append("request \(waiter) waits for a sign-in and has no deadline") }
        }
        for waiter in patience.keys where awaited[waiter] == nil { faults.append("request \(waiter) has a deadline and waits for no sign-in") }
        let held = Set(all.keys).union(flights.values.map(\.login))
        if Set(places.items) != held { faults.append("\(places.count) places are taken by \(held.count) sign-ins") }
        if held.count > Self.most { faults.append("\(held.count) sign-ins are pending or with a server") }
        for (id, login) in all {
            let isWithOthers =
                switch login.stage {
                case .redeeming, .storing: true
                case .locating, .open, .confirming: false
                }
            if isWithOthers != (answersDue[id] != nil) { faults.append("a sign-in of \(login.token) may end or not against its stage") }
        }
        for id in answersDue.keys where !held.contains(id) { faults.append("the answer to a sign-in is waited for that has no place") }
        return faults + places.check()
    }
}

extension FairHoldings {
    func check() -> [String] {
        var faults: [String] = []
        if pool.count != owners.count { faults.append("a pool counts \(pool.count) places and has \(owners.count)") }
        for (share, items) in ranked where items.count != pool.count(of: share) {
            faults.append("a pool counts \(pool.count(of: share)) places of \(share) and ranks \(items.count)")
        }
        return faults
    }
}
