internal import OAuth
internal import TokenWire

/// The rules that hold between the ledger's tables after every event.
extension Ledger {
    /// Whether a check after every event costs next to nothing.
    package var isSmall: Bool { cache.count + grants.count + waiters.count < 200 }

    /// Says each rule that is broken, in one sentence; empty when the ledger is sound. It reads every table: for tests, and for debug builds of the keeper.
    package func check() -> [String] {
        checkWaiters() + checkCache() + exchanges.check() + checkHoldings() + checkStoreWork() + checkSignIns() + checkRevocations() + checkReferences()
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
        for token in grants.tokens {
            guard let holding = grants[token] else { continue }
            if holding.isUnsynced, !store.hasMemoryOnly(holding.record) {
                faults.append("the record of \(token) is not on the disk, and nothing writes it")
            }
        }
        for token in exchanges.tokensAwaited where !isRefreshTokenBusy(token) {
            let isWanted = cache.keys(of: token).contains { exchanges.isQueued($0) && !exchanges.awaitsRefreshToken($0) }
            if !isWanted { faults.append("entries of \(token) wait for its refresh token, which no exchange has") }
        }
        for (id, rotation) in grants.rotating where exchanges[id]?.key.token != rotation.token {
            faults.append("exchange \(id) sends a refresh token and is not under way")
        }
        for token in store.tokensReplaced where grants[token] == nil {
            faults.append("a record of \(token) is on its way to the disk, and nothing is held of it")
        }
        return faults + grants.check(isStopping: isStopping)
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
        for (id, rotation) in grants.rotating {
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
        let unheard = revocations.sent.filter { key, errand in if case .revocation(key)? = errands[errand] { false } else { true } }
        let stuck = revocations.announced.filter { !store.isReplacing($0.name) && grants[$0.name]?.locked == nil }
        return revocations.check(isStopping: isStopping)
            + unheard.map { "a revocation of \($0.key.name) waits for an answer that nobody fetches" }
            + stuck.map { "a revocation of \($0.name) waits for a sign-out that is over" }
    }

    private func checkReferences() -> [String] {
        let unseen = references.tokens.filter { token in references[token]?.errand.map { errands[$0] == nil } ?? false }
        return references.check(isStopping: isStopping) + unseen.map { "\($0) waits for a look that nobody takes" }
    }
}
