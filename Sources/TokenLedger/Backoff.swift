/// How long to leave a server or a credential alone after a failure.
///
/// Full jitter over a doubling ceiling: after the 1st failure 1 s, 2nd 1-2 s, 3rd 1-4 s, 6th 1-32 s, 10th and later 1-300 s.
package struct Backoff: Sendable, Equatable {
    /// Failures since the last success.
    package private(set) var failures = 0
    /// CLOCK_BOOTTIME before which nothing is tried.
    package private(set) var until: Int64 = 0
    /// When the last failure was counted.
    private var latest: Int64 = 0

    static let floor = Int64.seconds(1)
    static let ceiling = Int64.seconds(300)
    static let longestRetryAfter = Int64.seconds(3600)

    package init() {}

    /// An exchange that began at `began` has failed. `retryAfter` in seconds as the server named it; it can only lengthen the pause.
    /// Exchanges that were under way together are one failure: they were begun before anybody knew.
    /// - Parameter longest: bounds the pause, unless `retryAfter` is longer; nanoseconds.
    mutating func failed(_ began: Int64, at boot: Int64, retryAfter: Int?, random: UInt64, longest: Int64 = Backoff.ceiling) {
        if failures > 0, began <= latest {
            until = max(until, boot + min(.seconds(max(retryAfter ?? 0, 0)), Self.longestRetryAfter))
            return
        }
        latest = boot
        failures += 1
        let ceiling = min(max(longest, Self.floor), Self.floor << min(failures - 1, 20))
        let jittered = max(Self.floor, Int64(random % UInt64(ceiling + 1)))
        let named = min(.seconds(max(retryAfter ?? 0, 0)), Self.longestRetryAfter)
        until = boot + max(jittered, named)
    }

    mutating func clear() { self = Backoff() }

    /// What stood in the way may be gone: the next try is due, the count goes on.
    mutating func retryNow() { until = 0 }

    func isCooling(at boot: Int64) -> Bool { failures > 0 && until > boot }
}

/// Bounds what one consumer of one token can cause: five exchanges at once, then one per interval.
package struct Budget: Sendable, Equatable {
    static let burst = 5
    private var refilled: Int64
    private var tokens = Int8(Budget.burst)

    init(at boot: Int64) { refilled = boot }

    /// Takes one; otherwise the nanoseconds until there is one again. `interval` is max(60 s, a tenth of the lifetime).
    mutating func spend(at boot: Int64, lifetime: Int64) -> Int64? {
        let interval = max(.seconds(60), lifetime / 10)
        let earned = max(0, boot - refilled) / interval
        if earned > 0 {
            tokens = Int8(min(Int64(Self.burst), Int64(tokens) + min(earned, Int64(Self.burst))))
            refilled = tokens == Self.burst ? boot : refilled + earned * interval
        }
        guard tokens > 0 else { return refilled + interval - boot }
        if tokens == Self.burst { refilled = boot }
        tokens -= 1
        return nil
    }

    func isFull(at boot: Int64, lifetime: Int64) -> Bool {
        Int64(tokens) + max(0, boot - refilled) / max(.seconds(60), lifetime / 10) >= Int64(Self.burst)
    }
}

/// Randomness for jitter, seeded from outside: the same seed gives the same schedule (SplitMix64).
struct Jitter: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// 0 ..< 1
    mutating func fraction() -> Double { Double(next() >> 11) / Double(1 << 53) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
