package import Secrets
internal import TokenWire

/// An access token as it outlives the process, with all that tells whether the next one may still hand it out.
///
/// Its times are on CLOCK_BOOTTIME, which goes on while no daemon runs and never steps: it is of use until the machine is booted anew.
package struct KeptToken: Sendable {
    /// What it is cached under.
    package var key: CacheKey
    package var held: HeldToken
    /// Of the server, the client and the settings that it was got with.
    package var terms: Fingerprint
    /// Of which sign-in it is; 0 where nobody signs in.
    package var grant: UInt64
    /// Somebody has been handed it, so that it is worth renewing.
    package var isAsked: Bool
    /// CLOCK_BOOTTIME
    package var lastAsked: Int64

    init(key: CacheKey, held: HeldToken, terms: Fingerprint, grant: UInt64, isAsked: Bool, lastAsked: Int64) {
        self.key = key
        self.held = held
        self.terms = terms
        self.grant = grant
        self.isAsked = isAsked
        self.lastAsked = lastAsked
    }
}

extension HeldToken {
    /// As it is to be told now: a wall clock that was set while no daemon ran has moved its end.
    ///
    /// What callers were told before stays word for word where it was not. `nil` if it has ended, or is from a time that has not come.
    func resumed(at now: Moment) -> HeldToken? {
        guard since <= now.boot, lasts(1, at: now.boot) else { return nil }
        var reckoned = self
        reckoned.follow(now)
        guard case .at(let told) = expires, case .at(let end) = reckoned.expires, abs(end - told) > 1 else { return self }
        return reckoned.lasts(1, at: now.boot) ? reckoned : nil
    }
}
