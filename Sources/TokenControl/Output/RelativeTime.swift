internal import TokenWire

/// A moment as seen from now: `in 52 min`, `3 h ago`, `never`.
struct RelativeTime: CustomStringConvertible {
    let description: String

    /// `now` in seconds since the epoch.
    init(_ moment: Expiry, now: Int64) {
        switch moment {
        case .never: description = "never"
        case .at(let seconds):
            let (difference, overflow) = seconds.subtractingReportingOverflow(now)
            let span = RelativeTime.span(overflow ? .max : difference.magnitude)
            description = difference < 0 && !overflow ? "\(span) ago" : "in \(span)"
        }
    }

    /// The largest unit of which there are at least two: 119 s, 2 min, 119 min, 2 h, 47 h, 2 d.
    private static func span(_ seconds: UInt64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\(seconds / 60) min"
        case ..<172_800: "\(seconds / 3600) h"
        default: "\(seconds / 86400) d"
        }
    }
}
