package import Secrets
package import TokenWire

/// An access token that is held and may be handed out.
package struct HeldToken: Sendable {
    package let token: Secret
    package let id: Fingerprint
    /// What the server granted.
    package internal(set) var scopes: [String]
    package let header: HeaderForm
    /// The second in which it was asked for, on CLOCK_BOOTTIME; its life counts from there.
    package let since: Int64
    /// When it ends, on CLOCK_BOOTTIME.
    package internal(set) var until: Int64
    /// When it ends to the nanosecond; `until` is this, brought forward to the whole second that callers are told. Of an issued token
    /// it never changes, so that clock steps do not add up; of a reference token it follows the wall clock, which alone counts there.
    package internal(set) var ends: Int64
    /// The same end on the wall clock.
    package internal(set) var expires: Expiry
    /// Whether the server said how long it lives; otherwise the configuration's assumption.
    package let isAssumed: Bool

    /// Whether its end is a date that somebody set, not a time from when it was issued.
    package let isReference: Bool

    /// Nanoseconds of its whole life.
    package var lifetime: Int64 { until - since }

    package var served: ServedToken {
        ServedToken(token: token, expires: expires, id: id, scopes: scopes, header: header)
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

extension HeldToken {
    /// A token that somebody else made, and that ends when they said.
    init(reference token: Secret, id: Fingerprint, scopes: [String], header: HeaderForm, expires: Expiry?, at now: Moment) {
        self.init(
            token: token, id: id, scopes: scopes, header: header, since: now.boot, until: .max, ends: .max, expires: expires ?? .never, isAssumed: false,
            isReference: true)
        follow(now)
    }

    /// Reckons anew what depends on the time of day.
    mutating func follow(_ now: Moment) {
        switch (isReference, expires) {
        case (true, .never): break
        case (true, .at(let end)):
            ends = now.boot - now.fraction + .seconds(end - now.wall)
            until = ends
        case (false, _):
            let life = now.fraction + (ends - now.boot)
            expires = .at(now.wall + life / .seconds(1))
            until = ends - max(0, life % .seconds(1))
        }
    }
}
