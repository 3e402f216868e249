internal import OAuth
internal import Secrets
internal import TokenWire

/// What of the access tokens outlives the process, and what a start or a reload makes of it.
///
///     published, or handed out for the first time ──► kept
///     renewed, ended, rejected, signed out, no longer configured ──► the kept one goes
extension Ledger {
    /// What has changed since this was last asked: the token to be kept in place of the one before, or `nil` for none.
    package mutating func takeKeepings() -> [(key: CacheKey, token: KeptToken?)] {
        cache.takeChanged().map { ($0, keeping(of: $0)) }
    }

    /// A reference token is on the disk or in the configuration already; one that an API did not take is not brought back.
    func keeping(of key: CacheKey) -> KeptToken? {
        guard let token = cache[key], let held = token.held, !held.isReference, !token.isDisowned, let terms = terms(of: key.token) else { return nil }
        return KeptToken(key: key, held: held, terms: terms, grant: grant(of: key.token), isAsked: token.isAsked, lastAsked: token.lastAsked)
    }

    // MARK: the next start, and the next configuration

    /// Takes in what an earlier process kept, after the store's records and before anything is begun, or what was kept under the configuration
    /// before this one. What the present configuration would not have got in the same way, or what belongs to a sign-in that has ended, is let
    /// go. Nothing is sent because of it. Returns how many tokens go on.
    package mutating func resume(_ kept: [KeptToken], at now: Moment) -> Int {
        var number = 0
        for item in kept.sorted(by: { $0.lastAsked < $1.lastAsked }) {
            if let key = presentKey(of: item), let held = item.held.resumed(at: now), cache.held(key) == nil,
                admitMember(key, of: policy.share(of: key.consumer, for: key.token), at: now) == nil
            {
                hold(held, key, item, at: now)
                number += 1
                if key != item.key { cache.noteChanged(key) }
            }
            if cache.held(item.key) == nil { cache.noteChanged(item.key) }
        }
        return number
    }

    private mutating func hold(_ held: HeldToken, _ key: CacheKey, _ item: KeptToken, at now: Moment) {
        var held = held
        // the same list is not kept twice
        if held.scopes == key.scopes { held.scopes = key.scopes }
        cache.open(key, at: now.boot)
        cache.resume(held, key, isAsked: item.isAsked, lastAsked: item.lastAsked, spread: Float(jitter.fraction()))
        reschedule(key, at: now.boot)
        // what is due is not all renewed in the first second
        guard let next = cache.nextLook(key), next <= now.boot else { return }
        let room = min(pace.catchUp, (held.until - now.boot) / 2)
        cache.schedule(key, at: now.boot + Int64(Double(room) * jitter.fraction()))
    }

    /// What it is cached under now; `nil` if it is of no use any more.
    private func presentKey(of item: KeptToken) -> CacheKey? {
        guard terms(of: item.key.token) == item.terms, let key = policy.present(item.key) else { return nil }
        guard case .authorizationCode? = configuration.tokens[key.token]?.grant else { return item.grant == 0 ? key : nil }
        guard let record = grants[key.token]?.record, record.kind == .refresh, isOurs(record), record.grant == item.grant else { return nil }
        return key
    }

    // MARK: what binds it

    /// Names the server, the client and the settings that make a token what it is. A new client secret or authority leaves it as it is.
    private func terms(of token: TokenName) -> Fingerprint? {
        guard let settings = configuration.tokens[token], let application = application(of: token) else { return nil }
        let parts = [
            application.server.location.address, application.server.endpoints.token ?? "", application.client.id, settings.grant.kind.rawValue,
            settings.audienceParameter.rawValue, settings.header.rawValue, String(settings.assumeLifetime),
        ]
        return fingerprint(Secret(parts.joined(separator: "\n")))
    }

    private func grant(of token: TokenName) -> UInt64 {
        guard case .authorizationCode? = configuration.tokens[token]?.grant else { return 0 }
        return grants[token]?.record?.grant ?? 0
    }
}
