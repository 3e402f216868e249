internal import CShims
internal import CSystemd

/// What the daemon tells systemd about itself (sd_notify(3)). Outside systemd nothing happens. While PID 1 does not read, the loop is held up
/// for a second at each beginning and end, and for one more by all that systemd should keep (`FDStoreConnection`, `FDStoreMemory`).
package enum ServiceManager {
    /// Ready to serve; the start, or the reload, is over.
    package static func ready(status: String) { NotifySocket.send("READY=1\n" + field("STATUS", status), .untilSent) }

    /// One line for `systemctl status`.
    package static func status(_ text: String) { NotifySocket.send(field("STATUS", text), .ifRoom) }

    /// A reload begins; `ready` ends it. The time is CLOCK_MONOTONIC, as systemd wants it.
    package static func reloading() { NotifySocket.send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())", .untilSent) }

    /// The end has begun.
    package static func stopping(status: String = "stopping") { NotifySocket.send("STOPPING=1\n" + field("STATUS", status), .untilSent) }

    /// The loop is alive.
    package static func watchdog() { NotifySocket.send("WATCHDOG=1", .ifRoom) }

    /// How often systemd wants to hear `watchdog`, in nanoseconds (`WatchdogSec=`; tell it at half of that); `nil` if it does not.
    package static func watchdogInterval() -> Int64? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Int64(min(microseconds, UInt64(Int64.max) / 1_000)) * 1_000
    }

    /// A line feed would begin another field.
    private static func field(_ name: String, _ value: String) -> String {
        "\(name)=" + String(decoding: value.utf8.map { $0 < 32 ? 32 : $0 }, as: UTF8.self)
    }

    private static func monotonicMicroseconds() -> Int64 { tokend_monotonic() / 1_000 }
}
