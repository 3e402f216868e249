/// A point in time on both clocks that matter. Pure code never asks for it; it is handed in.
package struct Moment: Hashable, Sendable {
    /// CLOCK_BOOTTIME in nanoseconds: counts suspend and never steps. Schedules live on it.
    package var boot: Int64
    /// Seconds since the epoch. Only what a client or a server is told lives on it.
    package var wall: Int64
    /// Nanoseconds that have passed since `wall`, less than a second: what is told in whole seconds must not be outlived.
    package var fraction: Int64

    /// CLOCK_BOOTTIME that a time from outside the process may name: more than a century of uptime. Within it no sum or difference of two times
    /// overflows, nor that of a time and `.seconds`.
    package static let bootTimes: ClosedRange<Int64> = 0...(.seconds(Int64.max))

    package init(boot: Int64, wall: Int64, fraction: Int64 = 0) {
        self.boot = boot
        self.wall = wall
        self.fraction = fraction
    }

    /// Reckons the wall time anew after that clock was set.
    mutating func follow(_ now: Moment) { wall = now.wall - (now.boot - boot) / .seconds(1) }

    /// From CLOCK_BOOTTIME and CLOCK_REALTIME, both in nanoseconds.
    package init(boot: Int64, realtime: Int64) {
        self.init(boot: boot, wall: realtime / .seconds(1), fraction: realtime % .seconds(1))
    }
}

extension Int64 {
    /// Seconds as nanoseconds, the unit of `Moment.boot`. More than a century is a century: nothing that is asked for can overflow.
    package static func seconds(_ number: some BinaryInteger) -> Int64 { Int64(clamping: number).clamped(to: 4_000_000_000) * 1_000_000_000 }

    private func clamped(to most: Int64) -> Int64 { Swift.min(Swift.max(self, -most), most) }
}
