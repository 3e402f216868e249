internal import CShims

/// A moment by which something must have happened; suspend counts, a clock that is set does not.
struct Deadline: Comparable {
    /// CLOCK_BOOTTIME in nanoseconds.
    private let moment: Int64

    init(inSeconds seconds: Int64) {
        moment = tokend_boottime() + max(0, min(seconds, Deadline.farthest)) * 1_000_000_000
    }

    /// `wallTime` in seconds since the epoch.
    init(at wallTime: Int64) {
        self.init(inSeconds: wallTime.subtractingReportingOverflow(tokend_realtime() / 1_000_000_000).partialValue)
    }

    static var distant: Deadline { Deadline(inSeconds: farthest) }

    var isOver: Bool { tokend_boottime() >= moment }

    /// How many whole seconds are left, at least one.
    var seconds: Int64 { max(1, (moment - tokend_boottime()) / 1_000_000_000) }

    /// What poll(2) is to be given: never a moment too early, so that a wait is not repeated for a fraction.
    var milliseconds: Int32 {
        Int32(clamping: max(0, moment - tokend_boottime() + 999_999) / 1_000_000)
    }

    static func < (a: Deadline, b: Deadline) -> Bool { a.moment < b.moment }

    private static let farthest: Int64 = 365 * 86400
}
