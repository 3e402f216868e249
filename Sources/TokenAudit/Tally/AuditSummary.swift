/// Where a decision is counted. Given up when its key falls quiet; `AuditTally.again` says so.
package struct AuditSlot: Hashable, Sendable {
    package let place: Int
    package let generation: UInt32
    /// Where the same decision is counted since the start (`DecisionCounters`).
    package var series: UInt32 = 0
}

/// Something to be written: the first entry of a key, or how often it was repeated since.
package struct AuditSummary: Sendable {
    package var slot: AuditSlot
    package var entry: AuditEntry
    /// Number of decisions this stands for, at least 1: `TOKEND_COUNT`.
    package var count: UInt64
    /// How many seconds back they reach; 0 is now.
    package var seconds: Int64
    /// Whether the journal has not heard of this key yet.
    package var isFirst: Bool

    /// The first entry of its key, at its own moment.
    package init(first entry: AuditEntry, in slot: AuditSlot) {
        self.init(slot: slot, entry: entry, count: 1, seconds: 0, isFirst: true)
    }

    init(slot: AuditSlot, entry: AuditEntry, count: UInt64, seconds: Int64, isFirst: Bool) {
        self.slot = slot
        self.entry = entry
        self.count = count
        self.seconds = seconds
        self.isFirst = isFirst
    }
}
