internal import Glibc
internal import TokenWire

/// Moments as people at this machine read them.
enum LocalTime {
    /// `2026-12-25 (30 days)`, or with the time of day when it is less than two days away.
    static func until(_ moment: Int64, now: Int64) -> String {
        let left = max(0, moment.subtractingReportingOverflow(now).partialValue)
        return left < 2 * 86400 ? "\(day(moment)) \(timeOfDay(moment)) (\(span(left)))" : "\(day(moment)) (\(span(left)))"
    }

    /// `14:05`
    static func timeOfDay(_ moment: Int64) -> String {
        let time = broken(moment)
        return "\(digits(time.tm_hour, 2)):\(digits(time.tm_min, 2))"
    }

    /// `2026-12-25 14:05:33`
    static func toTheSecond(_ moment: Int64) -> String { "\(day(moment)) \(timeOfDay(moment)):\(digits(broken(moment).tm_sec, 2))" }

    private static func day(_ moment: Int64) -> String {
        let time = broken(moment)
        return "\(digits(time.tm_year + 1900, 4))-\(digits(time.tm_mon + 1, 2))-\(digits(time.tm_mday, 2))"
    }

    /// The nearest number of the largest unit of which there are at least two: 90 s are 90 seconds, 100 h are 4 days.
    private static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7200: "\((seconds + 30) / 60) minutes"
        case ..<172_800: "\((seconds + 1800) / 3600) hours"
        default: "\((seconds + 43200) / 86400) days"
        }
    }

    private static func broken(_ moment: Int64) -> tm {
        // localtime_r(3) has no year beyond 32 bits
        var moment = time_t(min(max(moment, Expiry.times.lowerBound), Expiry.times.upperBound))
        var time = tm()
        localtime_r(&moment, &time)
        return time
    }

    private static func digits(_ number: Int32, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
