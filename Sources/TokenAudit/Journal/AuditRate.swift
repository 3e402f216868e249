/// Whether a limit of journald's leaves room for every entry.
package enum AuditRate {
    /// In half a minute each place of the tally is told at most three times: its first entry, and summaries after 10 s and 30 s.
    static let most = 3 * (AuditTally.mostKeys + AuditTally.mostOthers + 1)

    /// journald's defaults (journald.conf(5)), where a unit sets one of the two.
    static let defaultInterval: UInt64 = 30_000_000
    static let defaultBurst: UInt64 = 10_000

    /// What an operator is told of a limit that entries might exceed; `nil` where they cannot. `interval` in microseconds.
    package static func warning(_ unit: String, interval: UInt64?, burst: UInt64?) -> String? {
        let (interval, burst) = (interval ?? defaultInterval, burst ?? defaultBurst)
        guard burst < most || interval > defaultInterval else { return nil }
        return "journald drops what \(unit) writes beyond \(burst) entries in \(interval / 1_000_000) s, and then the audit does not add up: "
            + remedy
    }

    /// The same where the unit sets none.
    package static let ofJournald = "journald's own limit holds for the audit (10,000 entries in 30 s, unless journald.conf says otherwise): " + remedy

    private static let remedy = "set LogRateLimitIntervalSec=1s and LogRateLimitBurst=1000000 in the unit"
}
