internal import Glibc

/// The number of entries per interval that journald accepts from this service. It drops the others.
package enum JournalRateLimit: Hashable, Sendable {
    /// This process runs in no service.
    case unknown
    /// The unit sets no limit, or 0. journald's default applies.
    case journaldDefault
    /// `LogRateLimitIntervalSec=` in microseconds and `LogRateLimitBurst=`. `nil`: journald's default.
    case unit(String, interval: UInt64?, burst: UInt64?)

    /// Read from the links in /run/systemd/units, with which systemd passes the limits to journald.
    package static func ofThisProcess(_ folder: String = "/run/systemd/units") -> JournalRateLimit {
        guard case .unit(let unit) = unitOfThisProcess() else { return .unknown }
        return of(unit, in: folder)
    }

    static func of(_ unit: String, in folder: String) -> JournalRateLimit {
        let interval = number(folder + "/log-rate-limit-interval:" + unit)
        let burst = number(folder + "/log-rate-limit-burst:" + unit)
        return interval == nil && burst == nil ? .journaldDefault : .unit(unit, interval: interval, burst: burst)
    }

    private static func number(_ link: String) -> UInt64? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { room in
            let count = readlink(link, room.baseAddress!, room.count)
            guard count > 0, count < room.count else { return nil }
            return UInt64(String(decoding: UnsafeRawBufferPointer(room)[..<count], as: UTF8.self))
        }
    }
}
