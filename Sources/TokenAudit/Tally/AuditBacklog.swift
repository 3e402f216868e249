internal import TokenLedger

/// What the journal has not taken yet, and when to try again. A value: the writing is done elsewhere.
package struct AuditBacklog: Sendable {
    /// First entries that wait in their order; beyond these only their counts are kept.
    package static let most = 512

    private(set) var waiting: [(summary: AuditSummary, at: Int64)] = []
    private var head = 0
    private var since: Int64?
    private var held: UInt64 = 0
    private var pause = AuditBacklog.shortestPause

    // A queue that was full for a moment is soon read; a journal that is gone needs not be asked often.
    private static let shortestPause: Int64 = .seconds(1) / 50
    private static let longestPause: Int64 = .seconds(5)
    /// A shorter gap than this harmed nobody and is not reported.
    private static let worthReporting: Int64 = .seconds(1)

    /// CLOCK_BOOTTIME in nanoseconds of the next try; `nil` while the journal takes what it is given.
    package private(set) var retryAt: Int64?

    package init() {}

    /// Whether the journal took the last entry it was given, and nothing waits.
    package var isClear: Bool { since == nil && head == waiting.count }

    /// The journal did not take this one. False when there is no more room: its count goes back to the tally.
    package mutating func hold(_ summary: AuditSummary, now: Int64) -> Bool {
        failed(now: now)
        held &+= summary.count
        guard summary.isFirst, waiting.count - head < AuditBacklog.most else { return false }
        if head > AuditBacklog.most { dropTaken() }
        waiting.append((summary, now))
        return true
    }

    /// A try failed: the next one comes later, each time more so.
    package mutating func failed(now: Int64) {
        since = since ?? now
        guard (retryAt ?? now) <= now else { return }
        retryAt = now + pause
        pause = min(pause * 2, AuditBacklog.longestPause)
    }

    /// What to write first when trying again: how long nothing was taken and how much was held back. Not a decision, so it
    /// has no count of its own. Followed by `reported` when it was taken.
    package func report(now: Int64) -> AuditEntry? {
        guard let since, held > 0, now - since >= AuditBacklog.worthReporting else { return nil }
        var entry = AuditEntry(.auditGap)
        entry.duration = now - since
        entry.held = held
        return entry
    }

    package mutating func reported() {
        held = 0
        progressed()
    }

    /// The oldest entry that waits, with the seconds since its decision. Followed by `taken` when it was.
    package func next(now: Int64) -> AuditSummary? {
        guard head < waiting.count else { return nil }
        var summary = waiting[head].summary
        summary.seconds = AuditTally.wholeSeconds(now - waiting[head].at)
        return summary
    }

    package mutating func taken() {
        head += 1
        if head == waiting.count { dropTaken() }
        progressed()
    }

    /// Nothing is left to write: the next entry may go straight to the journal, which shows whether it takes it.
    package mutating func caughtUp() {
        held = 0
        progressed()
    }

    private mutating func progressed() {
        since = nil
        retryAt = nil
        pause = AuditBacklog.shortestPause
    }

    /// Number of decisions that wait here.
    package var pending: UInt64 { waiting[head...].reduce(0) { $0 &+ $1.summary.count } }

    /// Everything that waits, for the tally to keep.
    package mutating func empty() -> [AuditSummary] {
        dropTaken()
        defer { waiting = [] }
        return waiting.map(\.summary)
    }

    private mutating func dropTaken() {
        waiting.removeFirst(head)
        head = 0
    }
}
