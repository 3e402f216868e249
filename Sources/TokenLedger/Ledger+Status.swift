package import Secrets
package import TokenWire

/// What a GET would meet now.
package enum TokenState: String, Sendable, CaseIterable {
    /// a token is held and lives long enough
    case ready
    /// nothing to serve yet; an exchange is under way
    case renewing
    /// held and valid, but its renewal is failing
    case degraded
    /// nothing held and nothing against fetching it
    case idle
    /// nothing held, and the last try failed; another follows
    case unavailable
    case loginRequired = "login-required"
    /// the server, or what it grants, says no until somebody changes something
    case refused
    case expired
    case locked
    /// of the store alone: no token of the configuration uses it
    case unconfigured
}

/// One line of STATUS. Times are seconds since the epoch.
package struct TokenStatus: Sendable {
    package var state: TokenState
    package var expires: Expiry?
    package var renews: Int64?
    package var failures = 0
    package var reason: String?
    package var id: Fingerprint?
    /// Seconds since the epoch: when a person must sign in again, or bring a new token, as far as anybody knows.
    package var loginUntil: Int64?

    package init(state: TokenState) { self.state = state }
}

extension TokenState {
    /// What a refusal that lasts is called; `nil` for one that passes by itself.
    init?(of refusal: Refusal) {
        switch refusal.code {
        case .loginRequired: self = .loginRequired
        case .expired: self = .expired
        case .refused: self = refusal.isOfLockedRecord ? .locked : .refused
        case .badRequest, .tooLong, .unsupported, .denied, .unavailable, .badConfig, .timeout, .busy, .stopping, .internal: return nil
        }
    }
}

extension Ledger {
    /// The state of one cached result, whether or not it exists yet.
    package func state(of key: CacheKey, at boot: Int64) -> TokenStatus {
        let trouble = cache.trouble(of: key)
        var status = TokenStatus(state: .idle)
        let failures = failures[key.token]
        status.failures = max(failures?.backoff.failures ?? 0, failures?.told[key] ?? 0)
        // told until it has changed, also while the next try is due
        let final = failures?.refusal?.refusal ?? reasonUnavailable(key.token)
        let next = nextChance(key, at: boot)
        // what is under way beside a sign-in that the disk does not take brings nothing before that
        let progress = store.isUncertain(key.token) ? .none : exchanges.progress(of: key)
        let reason = final ?? grants[key.token]?.advice ?? trouble?.refusal ?? doubt(of: key.token)
        status.reason = reason?.text ?? (next == nil ? nil : unavailable(key, until: boot, at: Moment(boot: boot, wall: 0)).text)
        let isServable = cache.held(key)?.lasts(1, at: boot) ?? false
        status.state =
            switch (isServable, trouble?.retry != nil || final != nil, progress) {
            case (true, true, _): final?.isOnlyOfNoRefreshToken == true ? .ready : .degraded
            case (true, false, _): reason == nil ? .ready : .degraded
            case (false, true, _): reason.flatMap(TokenState.init(of:)) ?? .refused
            case (false, false, .underWay), (false, false, .queued): .renewing
            case (false, false, .none): next == nil && grants[key.token]?.advice == nil ? .idle : (reason.flatMap(TokenState.init(of:)) ?? .unavailable)
            }
        return status
    }

    /// The same with the times a person wants to see.
    package func status(of key: CacheKey, at now: Moment) -> TokenStatus {
        var status = state(of: key, at: now.boot)
        status.loginUntil = loginUntil(key.token)
        guard let held = cache.held(key), held.lasts(1, at: now.boot) else { return status }
        status.expires = held.expires
        status.id = held.id
        if !held.isReference, let look = exchanges.isIdle(key) ? cache.nextLook(key) : now.boot, look < held.until {
            status.renews = now.wall + max(0, look - now.boot) / .seconds(1)
        }
        return status
    }

    /// The credential's state over all its consumers: the one most worth knowing.
    package func status(of token: TokenName, at now: Moment) -> TokenStatus {
        let all = cache.keys(of: token).map { status(of: $0, at: now) }
        guard let worst = all.min(by: { Self.rank($0.state) < Self.rank($1.state) }) else {
            let any = configuration.tokens[token]?.soleKey ?? CacheKey(token: token, consumer: .shared, scopes: [], audience: nil)
            return status(of: any, at: now)
        }
        return worst
    }

    /// Every entry of a token, for an admin.
    package func consumers(of token: TokenName) -> [CacheKey] {
        cache.keys(of: token)
            .map { (key: $0, order: ($0.consumer.description, $0.scopes.joined(separator: " "))) }
            .sorted { $0.order < $1.order }
            .map(\.key)
    }

    /// Whether any result of a token could be served now.
    package func isServable(_ token: TokenName, at boot: Int64) -> Bool {
        cache.isServable(token, at: boot)
    }

    private static func rank(_ state: TokenState) -> Int {
        switch state {
        case .locked: 0
        case .refused: 1
        case .loginRequired: 2
        case .expired: 3
        case .unavailable: 4
        case .degraded: 5
        case .renewing: 6
        case .ready: 7
        case .idle: 8
        // of no cached result
        case .unconfigured: 9
        }
    }
}
