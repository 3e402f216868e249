internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenWire

/// What only an administrator may ask.
extension TokenKeeper {
    /// The refusal for anyone else: the same whatever name was asked for.
    func admin(_ verb: String, _ asker: any Asker) -> Taken? {
        let caller = asker.caller
        guard !policy.isAdmin(caller) else { return nil }
        let refusal = Refusal(.denied, [], "uid \(caller.uid) is not an administrator; \(verb) is for administrators")
        var entry = AuditEntry(.refused, .denied, caller: caller, text: refusal.text)
        entry.request = verb
        record(entry, of: asker)
        return .reply(.refused(refusal))
    }

    /// The secrets of the token are read anew first, for the one that the server refused may have been replaced since.
    func renew(_ name: String, _ number: UInt64, _ asker: any Asker) -> Taken {
        guard let token = policy.token(named: name)?.name else { return .reply(noSuchToken(name, asker)) }
        guard let readSecrets else { return renew(token, isReplaced: false, number, asker) }
        readSecrets(token) { [unowned self] result in
            let taken: Taken
            switch result {
            case .failure(let refusal): taken = .reply(.refused(refusal.refusal, rows: refusal.rows))
            // it may have left the configuration meanwhile
            case .success where policy.token(named: name) == nil: taken = .reply(noSuchToken(name, asker))
            case .success(let isReplaced): taken = renew(token, isReplaced: isReplaced, number, asker)
            }
            if case .reply(let reply) = taken { deliver { asker.hear(number, reply) } }
        }
        return .later(makeNumber())
    }

    private func noSuchToken(_ name: String, _ asker: any Asker) -> Reply {
        refuse(Refusal(.denied, [], "no token \(quoted(name)) is configured"), name, asker)
    }

    private func renew(_ token: TokenName, isReplaced: Bool, _ number: UInt64, _ asker: any Asker) -> Taken {
        let share = policy.share(of: asker.caller)
        let (result, turn) = put { $0.renew(token, of: share, isReplaced: isReplaced, waiters: makeNumber, wait: TokenQuery.defaultWait, at: now) }
        var entry = AuditEntry(.renewalAsked, .allowed, token: token, caller: asker.caller)
        if case .failure(let refusal) = result { entry.decision = AuditDecision(refusal.code) }
        record(entry, of: asker)
        switch result {
        case .failure(let refusal):
            perform(turn)
            return .reply(.refused(refusal))
        case .success(let started) where started.isEmpty:
            perform(turn)
            return .reply(.ok(words: ["0"]))
        case .success(let started):
            let batch = makeNumber()
            batches[batch] = RenewBatch(asker: asker, number: number, remaining: started.count, rows: [])
            for (waiter, key) in started {
                pending[waiter] = Pending(
                    asker: asker, number: number, kind: .renew(batch: batch, key), deadline: now.boot + .seconds(TokenQuery.defaultWait))
            }
            perform(turn)
            return .later(batch)
        }
    }

    /// One exchange of a batch has ended.
    func renewed(_ batch: UInt64, _ key: CacheKey, _ answer: Answer) {
        guard var all = batches[batch] else { return }
        all.remaining -= 1
        all.rows.append(row(key, answer))
        batches[batch] = all.remaining > 0 ? all : nil
        guard all.remaining == 0 else { return }
        deliver { all.asker.hear(all.number, .rows(all.rows, words: [String(all.rows.count)])) }
    }

    private func row(_ key: CacheKey, _ answer: Answer) -> Row {
        var fields = [Field("consumer", key.consumer)]
        switch answer {
        case .token(let held):
            fields += [Field("state", TokenState.ready.rawValue), Field("expires", held.expires), Field("id", held.id)]
        case .signIn: break
        case .refused(let refusal):
            fields += [Field("state", ledger.state(of: key, at: now.boot).state.rawValue), Field("reason", refusal.text)]
        }
        return .fields(words: [key.token.description], fields)
    }

    /// What kept the secrets of a token from being read, with the problems of its file.
    struct SecretsUnread: Error {
        var refusal: Refusal
        var rows: [Row]
    }

    func reload(_ number: UInt64, _ asker: any Asker) -> Taken {
        guard let reload else { return .reply(.refused(Refusal(.internal, [], "there is nothing to reload from"))) }
        reload { [unowned self] reply in deliver { asker.hear(number, reply) } }
        return .later(makeNumber())
    }

    /// Goes over to a new configuration: what did not change goes on as it was.
    func adopt(_ configuration: Configuration) {
        let (orphans, turn) = put { $0.adopt(configuration, at: now) }
        perform(turn)
        forgetUnconfigured()
        let gone = Set(orphans)
        for waiter in pending.keys.sorted() { tellLater(.revisedWaiter(waiter, isOrphan: gone.contains(waiter))) }
        for watcher in watchers.keys.sorted() { tellLater(.revisedWatcher(watcher, isOrphan: gone.contains(watcher))) }
        changed()
    }

    /// Whoever waits is asked about again: the rule may be gone, or the token another one.
    func reviseWaiter(_ waiter: UInt64, isOrphan: Bool) {
        guard let request = pending[waiter] else { return }
        let taken: Taken
        let wait = Int(max(0, request.deadline - now.boot) / .seconds(1))
        switch request.kind {
        case .token(var wanted):
            wanted.query.wait = wait
            withdraw([waiter])
            taken = take(wanted.request, request.number, from: request.asker)
        case .wait(let name):
            withdraw([waiter])
            taken = take(.wait(name: name, wait: wait), request.number, from: request.asker)
        case .credential(let id):
            withdraw([waiter])
            taken = credential(id, request.number, from: request.asker, wait: wait)
        case .signIn: return
        case .reject, .renew:
            if isOrphan { resolve(waiter, .refused(.changedMeanwhile)) }
            return
        }
        switch taken {
        case .reply(let reply): deliver { request.asker.hear(request.number, reply) }
        case .later(let next): request.asker.movedWait(request.number, to: next)
        case .watching, .listing: break
        }
    }
}

extension Refusal {
    fileprivate static var changedMeanwhile: Refusal {
        Refusal(.unavailable, [Field("retry-after", 1)], "the configuration of this token has changed meanwhile")
    }
}
