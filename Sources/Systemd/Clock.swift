internal import CShims

/// The two kernel clocks that tokend uses, in nanoseconds.
package enum Clock {
    /// CLOCK_BOOTTIME: includes suspend and never steps. For all delays and deadlines.
    @inline(__always)
    package static func boottime() -> Int64 { tokend_boottime() }

    /// CLOCK_REALTIME since 1970: for times that others read. It may step forwards and backwards.
    @inline(__always)
    package static func realtime() -> Int64 { tokend_realtime() }
}
