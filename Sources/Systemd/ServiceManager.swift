internal import CShims
internal import CSystemd

/// The notifications to systemd (sd_notify(3)). Without systemd they do nothing. While PID 1 does not read, each start and stop notification blocks
/// the loop for up to a second, and all file descriptor store messages together for one more (`FDStoreConnection`, `FDStoreMemory`).
package enum ServiceManager {
    /// The start or the reload is finished.
    package static func ready(status: String) { NotifySocket.send("READY=1\n" + field("STATUS", status), .untilSent) }

    /// The status line of `systemctl status`.
    package static func status(_ text: String) { NotifySocket.send(field("STATUS", text), .ifRoom) }

    /// A reload starts. `ready` ends it. The time is CLOCK_MONOTONIC, as systemd requires.
    package static func reloading() { NotifySocket.send("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())", .untilSent) }

    /// The daemon is shutting down.
    package static func stopping(status: String = "stopping") { NotifySocket.send("STOPPING=1\n" + field("STATUS", status), .untilSent) }

    /// The watchdog ping.
    package static func watchdog() { NotifySocket.send("WATCHDOG=1", .ifRoom) }

    /// `WatchdogSec=` in nanoseconds. Ping at half of that. `nil` if there is no watchdog.
    package static func watchdogInterval() -> Int64? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Int64(min(microseconds, UInt64(Int64.max) / 1_000)) * 1_000
    }

    /// Replaces control characters: a line feed would start another field.
    private static func field(_ name: String, _ value: String) -> String {
        "\(name)=" + String(decoding: value.utf8.map { $0 < 32 ? 32 : $0 }, as: UTF8.self)
    }

    private static func monotonicMicroseconds() -> Int64 { tokend_monotonic() / 1_000 }
}
