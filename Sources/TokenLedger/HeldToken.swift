package import Secrets
package import TokenWire

/// An access token that is held and may be handed out.
package struct HeldToken: Sendable {
    package let token: Secret
    package let id: Fingerprint
    /// What the server granted.
    package let scopes: [String]
    package let header: HeaderForm
    /// The second in which it was asked for, on CLOCK_BOOTTIME; its life counts from there.
    package let since: Int64
    /// When it ends, on CLOCK_BOOTTIME.
    package internal(set) var until: Int64
    /// When it ends to the nanosecond; `until` is this, brought forward to the whole second that callers are told. Never changes, so
    /// that clock steps do not add up.
    package let ends: Int64
    /// The same end on the wall clock, in seconds since the epoch.
    package internal(set) var expires: Int64
    /// Whether the server said how long it lives; otherwise the configuration's assumption.
    package let isAssumed: Bool

    /// Nanoseconds of its whole life.
    package var lifetime: Int64 { until - since }

    package var served: ServedToken {
        ServedToken(token: token, expires: .at(expires), id: id, scopes: scopes, header: header)
    }

    /// The promise made to a caller that names none, in nanoseconds: the smaller of 60 s and a quarter of its life.
    package func defaultPromise(configured: Int?) -> Int64 {
        configured.map { min(.seconds($0), lifetime / 2) } ?? min(.seconds(60), lifetime / 4)
    }

    /// Whether it lives at least `promise` nanoseconds longer, and at all.
    package func lasts(_ promise: Int64, at boot: Int64) -> Bool {
        until > boot && until - boot >= promise
    }
}
