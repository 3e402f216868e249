internal import Secrets
internal import Systemd
internal import TokenLedger
internal import TokenWire

extension TokenKeeper {
    func watch(_ query: TokenQuery, _ number: UInt64, _ asker: any Asker) -> Taken {
        switch policy.authorise(query, for: asker.caller) {
        case .failure(let refusal):
            return .reply(refuse(refusal, query.name, asker))
        case .success where isStopping:
            return .reply(refuse(.stopping, query.name, asker))
        case .success(let authorised):
            let id = makeNumber()
            watchers[id] = Watcher(asker: asker, query: query, key: authorised.key)
            switch put({ $0.watch(authorised, watcher: id, at: now) }) {
            case .success(let turn): perform(turn)
            case .failure(let refusal):
                watchers[id] = nil
                return .reply(refuse(refusal, query.name, asker))
            }
            return .watching(id)
        }
    }

    func unwatch(_ id: UInt64) {
        guard let watcher = watchers.removeValue(forKey: id) else { return }
        put { $0.unwatch(watcher.key, watcher: id, at: now) }
    }

    /// Every row is authorised again. A lost rule ends the watch, and so does a token that cannot be recorded: nobody would tell it a second
    /// time, and who calls again gets it as soon as it can be.
    func tell(_ id: UInt64, _ row: WatchRow) {
        guard let watcher = watchers[id] else { return }
        let query: AuthorisedQuery
        switch policy.authorise(watcher.query, for: watcher.asker.caller) {
        case .success(let authorised): query = authorised
        case .failure(let refusal): return end(id, refusal)
        }
        switch row {
        case .token(let held):
            // it has waited for its slice of time, and is not what the caller gets now; what that is has a row of its own
            guard query.key == watcher.key, ledger.offers(held, to: query) else { return }
            guard record(handedOut(held, query, watcher.asker.caller), of: watcher.asker) != nil else { return end(id, .unrecorded) }
            deliver { watcher.asker.hear(row: .token(held.served)) }
        case .trouble(let state, let reason):
            deliver { watcher.asker.hear(row: .trouble(state: state.rawValue, reason: reason)) }
        }
    }

    private func end(_ id: UInt64, _ refusal: Refusal) {
        guard let watcher = watchers[id] else { return }
        unwatch(id)
        refuse(refusal, watcher.query.name, watcher.asker)
        deliver { watcher.asker.hearEnd(refusal) }
    }

    /// After a reload: whether it may still watch, and what.
    func reviseWatcher(_ id: UInt64, isOrphan: Bool) {
        guard let watcher = watchers[id] else { return }
        switch policy.authorise(watcher.query, for: watcher.asker.caller) {
        case .failure(let refusal): end(id, refusal)
        case .success(let authorised):
            guard authorised.key != watcher.key || isOrphan else { return }
            put { $0.unwatch(watcher.key, watcher: id, at: now) }
            watchers[id]?.key = authorised.key
            switch put({ $0.watch(authorised, watcher: id, at: now) }) {
            case .success(let turn): perform(turn)
            case .failure(let refusal): end(id, refusal)
            }
        }
    }
}
