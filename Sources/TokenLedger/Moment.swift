/// A point in time on both clocks that matter. Pure code never asks for it; it is handed in.
package struct Moment: Hashable, Sendable {
    /// CLOCK_BOOTTIME in nanoseconds: counts suspend and never steps. Schedules live on it.
    package var boot: Int64
    /// Seconds since the epoch. Only what a client or a server is told lives on it.
    package var wall: Int64

    package init(boot: Int64, wall: Int64) {
        self.boot = boot
        self.wall = wall
    }
}

extension Int64 {
    /// Seconds as nanoseconds, the unit of `Moment.boot`.
    package static func seconds(_ number: some BinaryInteger) -> Int64 { Int64(number) * 1_000_000_000 }
}
