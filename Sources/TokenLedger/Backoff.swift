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

/// Bounds what somebody can cause at a server: so many requests at once, then one per interval.
package struct Budget: Sendable, Equatable {
    /// Exchanges of one consumer of one token at once.
    static let burst = 5
    private var refilled: Int64
    private var tokens: Int8
    private let most: Int8

    init(at boot: Int64, burst: Int = Budget.burst) {
        refilled = boot
        most = Int8(clamping: burst)
        tokens = most
    }

    /// Takes one; otherwise the nanoseconds until there is one again.
    mutating func spend(at boot: Int64, every interval: Int64) -> Int64? {
        let earned = max(0, boot - refilled) / interval
        if earned > 0 {
            tokens = Int8(min(Int64(most), Int64(tokens) + min(earned, Int64(most))))
            refilled = tokens == most ? boot : refilled + earned * interval
        }
        guard tokens > 0 else { return refilled + interval - boot }
        if tokens == most { refilled = boot }
        tokens -= 1
        return nil
    }

    /// The nanoseconds until there is one; `nil` where there is one now.
    func pause(at boot: Int64, every interval: Int64) -> Int64? {
        var copy = self
        return copy.spend(at: boot, every: interval)
    }

    func isFull(at boot: Int64, every interval: Int64) -> Bool { Int64(tokens) + max(0, boot - refilled) / interval >= Int64(most) }
}

/// Of exchanges: one per max(60 s, a tenth of the lifetime).
extension Budget {
    private static func interval(_ lifetime: Int64) -> Int64 { max(.seconds(60), lifetime / 10) }

    mutating func spend(at boot: Int64, lifetime: Int64) -> Int64? { spend(at: boot, every: Self.interval(lifetime)) }

    func isFull(at boot: Int64, lifetime: Int64) -> Bool { isFull(at: boot, every: Self.interval(lifetime)) }
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
