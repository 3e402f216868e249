internal import CShims

/// The two clocks of the kernel that matter here, in nanoseconds.
package enum Clock {
    /// CLOCK_BOOTTIME: counts while the machine sleeps and never steps. For every delay and deadline.
    @inline(__always)
    package static func boottime() -> Int64 { tokend_boottime() }

    /// CLOCK_REALTIME since 1970: for what is told to others. It may step in both directions.
    @inline(__always)
    package static func realtime() -> Int64 { tokend_realtime() }
}
