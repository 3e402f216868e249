internal import TokenLedger

/// Counts decisions so that a busy caller cannot flood the journal, and none is lost.
///
/// The first decision of a key is to be written at once. Repeats are only counted, and told in summaries: after 10 s, then at
/// growing intervals of up to 10 minutes. What was handed out and could not be written comes back with `notWritten`. At every
/// moment the counts that were handed out and did not come back, and those that wait here, add up to the number of decisions.
package struct AuditTally: Sendable {
    /// Keys that are counted one by one. Each share has as many of them as others leave it: whoever has most gives way, and what was counted of
    /// it is told then.
    package static let mostKeys = 16_384
    /// Of these, for all callers that no rule admits, and for each of them.
    package static let mostStrangersKeys = 1_024
    static let mostOfOneStranger = 16
    /// Users that are counted as a whole beyond that.
    package static let mostOthers = 256

    /// CLOCK_BOOTTIME in nanoseconds at which `due` may have something; `nil` while nothing is counted.
    package internal(set) var nextDeadline: Int64?

    // Two arrays, so that counting a repeat touches sixteen bytes.
    var counts: [Count] = []
    var rows: [Row?] = []
    var free: [Int] = []
    var firstGeneration: UInt32 = 0
    var places: [AuditGroup: Int] = [:]
    var others = 0
    /// The keys that have a place, and whose they are.
    var keys = noKeys
    static let noKeys = FairHoldings<AuditKey>(
        FairPool.Bounds(capacity: mostKeys, strangers: mostStrangersKeys, perStranger: mostOfOneStranger))

    package init() {}

    /// Decisions counted here that nobody was told.
    package var pending: UInt64 { counts.reduce(0) { $0 &+ $1.pending } }

    /// Counts a decision at `now` (CLOCK_BOOTTIME in nanoseconds). `first` is to be written at once, with a count of 1; without
    /// it the decision is a repeat and waits for its summary. `before` is to be written too: it has lost its place to this one.
    package mutating func record(_ entry: AuditEntry, now: Int64) -> (slot: AuditSlot, first: AuditEntry?, before: [AuditSummary]) {
        let group = group(for: entry)
        guard let place = places[group] else {
            let before = makeRoom(for: group, entry, now: now)
            let place = open(group, entry, now: now)
            return (slot(place), entry, before)
        }
        if rows[place]?.hear(entry, now: now) == true { return (slot(place), entry, []) }
        counts[place].pending &+= 1
        return (slot(place), nil, [])
    }

    /// Counts one more decision just like the last one of this slot. False when the slot was given up: record it anew.
    @inline(__always)
    package mutating func again(_ slot: AuditSlot) -> Bool {
        guard slot.place < counts.count, counts[slot.place].generation == slot.generation else { return false }
        counts[slot.place].pending &+= 1
        return true
    }

    /// Whether a decision like this would be the first that the journal hears of its key.
    package func isNew(_ entry: AuditEntry) -> Bool {
        guard let place = places[group(for: entry)], let row = rows[place] else { return true }
        return !row.isTold
    }

    /// Gives up all slots: the next decision of each comes through `record` again. What is counted stays.
    package mutating func disown() {
        for place in counts.indices { counts[place].generation &+= 1 }
    }
}

extension AuditTally {
    struct Count: Sendable {
        /// Moves on when the place is given up, so that no slot of before fits.
        var generation: UInt32 = 0
        var pending: UInt64 = 0
    }

    struct Row: Sendable {
        let group: AuditGroup
        /// What a summary will tell.
        var entry: AuditEntry
        /// when it was last told
        var since: Int64
        /// when it was last recorded
        var latest: Int64
        var window: Int64 = .seconds(10)
        var deadline: Int64
        /// The first entry was handed out and did not come back.
        var isTold: Bool

        static let longestWindow: Int64 = .seconds(600)
        /// A key that nobody used for so long is dropped, and the next decision is a first one again.
        static let quiet: Int64 = .seconds(60)

        /// Takes note of a repeat. True when it is the first that the journal will hear.
        mutating func hear(_ entry: AuditEntry, now: Int64) -> Bool {
            latest = now
            self.entry = group.told(by: entry)
            defer { isTold = true }
            return !isTold
        }
    }
}
