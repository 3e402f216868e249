internal import Glibc

/// How many entries of this process journald takes before it drops the rest.
package enum JournalRateLimit: Hashable, Sendable {
    /// This process is in no service.
    case unknown
    /// The unit sets none (0 is none, too): journald's own holds.
    case journaldDefault
    /// `LogRateLimitIntervalSec=` in microseconds, and `LogRateLimitBurst=`; `nil` is journald's own.
    case unit(String, interval: UInt64?, burst: UInt64?)

    /// As systemd tells journald, in links under /run/systemd/units.
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
