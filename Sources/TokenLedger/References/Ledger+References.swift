internal import OAuth
package import Secrets
package import TokenWire

/// Reference tokens (PAT, SAT): held as they are, never exchanged.
extension Ledger {
    /// Makes what the configuration names, or the store has, the token that is served; until its end.
    mutating func hold(_ reference: ReferenceSettings, _ settings: TokenSettings, at now: Moment, _ turn: inout Turn) {
        let key = settings.soleKey
        guard let (token, expires) = value(reference, settings.name) else {
            // whoever watches goes on watching: another one may be brought in
            cache.hold(reference: nil, key)
            return isForgettable(key, at: now.boot) ? close(key) : reschedule(key, at: now.boot)
        }
        let held = HeldToken(
            reference: token, id: fingerprint(token), scopes: settings.scopes, header: settings.header, expires: expires, at: now)
        if let present = cache.held(key), present.id == held.id, present.expires == held.expires, present.scopes == held.scopes { return }
        cache.open(key, at: now.boot)
        cache.hold(reference: held.lasts(1, at: now.boot) ? held : nil, key)
        cache.endTrouble(of: key)
        if held.lasts(1, at: now.boot) { tellWatchers(of: key, { row(held, for: $0) }, &turn) }
        satisfyWaiters(of: key, at: now, &turn)
        reschedule(key, at: now.boot)
    }

    private func value(_ reference: ReferenceSettings, _ token: TokenName) -> (Secret, Expiry?)? {
        if let value = reference.value { return (value, reference.expires) }
        guard let record = grants[token]?.record, record.kind == .reference, isOurs(record) else { return nil }
        return (record.secret, record.expires ?? reference.expires)
    }

    // MARK: bringing one in

    /// IMPORT: a reference token, or a refresh token that was got elsewhere, straight into the store.
    package mutating func importToken(
        _ settings: TokenSettings, _ secret: Secret, expires: Expiry?, for caller: Caller, waiter: UInt64, at now: Moment
    ) -> Turn {
        var turn = Turn()
        let name = settings.name
        switch importable(settings, secret, expires) {
        case .failure(let refusal): turn.answers.append((waiter, .refused(refusal)))
        case .success(let kind):
            guard let binding = binding(of: name), !isStopping else {
                turn.answers.append((waiter, .refused(.stopping)))
                return turn
            }
            let before = grants[name]?.record
            let (generation, grant) = grants.number(name)
            let record = StoredRecord(
                name: name, kind: kind, binding: binding, generation: generation, grant: grant, secret: secret,
                scopes: settings.scopes, signedIn: now.wall, rotated: now.wall, expires: expires)
            announceRevocation(of: before, at: now, &turn)
            enqueue(.replace(record), .importing(waiter: waiter, record, caller: caller), &turn)
        }
        return turn
    }

    private func importable(_ settings: TokenSettings, _ secret: Secret, _ expires: Expiry?) -> Result<StoredRecord.Kind, Refusal> {
        let name = settings.name
        if let refusal = reasonToComeAgain(name) { return .failure(refusal) }
        guard settings.grant.kind == .authorizationCode ? secret.isRefreshToken : secret.isBearerToken else {
            return .failure(Refusal(.badRequest, [], "that is no token: it has characters that no token may have, or is longer than 32 KiB"))
        }
        guard !secret.isQuoted else { return .failure(Refusal(.badRequest, [], "that is a token in quotation marks; give the token alone")) }
        switch settings.grant {
        case .clientCredentials:
            return .failure(Refusal(.refused, [Field("reason", "grant")], "\"\(name)\" is fetched with client credentials; there is nothing to import"))
        case .reference(let reference):
            guard reference.value == nil else {
                return .failure(Refusal(.refused, [Field("reason", "configured")], "the configuration names where the token of \"\(name)\" is; put it there"))
            }
            guard !isErpNet(name) || secret.isErpNetReference else {
                return .failure(
                    Refusal(
                        .refused, [Field("reason", "shape")],
                        "that is no reference token of ERP.net (enrt_ and letters and digits); give it as it was shown when it was made"))
            }
            return .success(.reference)
        case .authorizationCode:
            guard expires == nil else { return .failure(Refusal(.badRequest, [], "a refresh token has no expires=; when it ends, the server says")) }
            return .success(.refresh)
        }
    }

    private func isErpNet(_ name: TokenName) -> Bool {
        switch application(of: name)?.server.location {
        case .erpnet?: true
        case .issuer?, nil: false
        }
    }

    /// - Parameter isAnswered: whoever brought it was told that the disk refused it half-way.
    mutating func importStored(
        _ waiter: UInt64, _ record: StoredRecord, _ caller: Caller, _ result: Result<Void, StoreFault>, isAnswered: Bool, at now: Moment, _ turn: inout Turn
    ) {
        switch result {
        case .failure(let fault):
            if !isAnswered { turn.answers.append((waiter, .refused(.store(fault)))) }
            replaced(record.name, by: nil, at: now, &turn)
        case .success:
            let id = fingerprint(record.secret)
            replaced(record.name, by: record, at: now, &turn)
            turn.events.append(.imported(record.name, id, caller: caller, expires: record.expires))
            if !isAnswered { turn.answers.append((waiter, .signIn(.imported(id)))) }
            settleIn(record.name, at: now, &turn)
        }
    }
}

extension Secret {
    /// `enrt_` and then letters and digits, as every one that ERP.net has printed; how many of them is ERP.net's business.
    package var isErpNetReference: Bool {
        let prefix: [UInt8] = Array("enrt_".utf8)
        return withBytes { bytes in
            bytes.count >= prefix.count + 8 && bytes.starts(with: prefix)
                && bytes.dropFirst(prefix.count).allSatisfy { byte in
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte & 0xDF)
                }
        }
    }
}
