internal import Glibc
package import Systemd
package import TokenAudit
package import TokenConfiguration
internal import TokenLedger
internal import TokenWire

/// Tells the journal, or standard error, what was decided. Never makes the loop wait, and forgets no count: what cannot be
/// written waits in a bounded backlog and in the tally, and is tried again.
package final class AuditLog {
    /// Nothing is handed out whose first entry the journal did not take (`[audit] required`).
    package var isRequired: Bool {
        didSet { if isRequired, !oldValue { distrust() } }
    }

    private let sink: any AuditSink
    private let clock: () -> Int64
    private var timer: LoopTimer?
    private var tally = AuditTally()
    private var backlog = AuditBacklog()
    /// Since the start.
    private(set) var decisions = DecisionCounters()
    private var entries: UInt64 = 0
    private var notTaken: UInt64 = 0
    /// What is counted and not written, for the next process; `nil` where nobody keeps it.
    private var kept: KeptCounts?

    /// Throws when no socket or timer can be had.
    package convenience init(loop: Loop, mode: LogMode, required: Bool) throws(SystemError) {
        try self.init(loop: loop, sink: AuditLog.sink(for: mode), required: required, clock: Clock.boottime)
        resume(FDStoreMemory.inherited(KeptCounts.name).map { KeptCounts.leftovers(in: $0) } ?? [])
    }

    /// `clock` is CLOCK_BOOTTIME in nanoseconds.
    init(loop: Loop, sink: any AuditSink, required: Bool, clock: @escaping () -> Int64) throws(SystemError) {
        self.sink = sink
        self.clock = clock
        isRequired = required
        timer = try loop.timer { [weak self] in self?.wake() }
    }

    /// Whether the last entry was taken and nothing waits.
    package var canRecord: Bool { backlog.isClear }

    /// Tells of a decision, or counts it if it is a repeat. `nil` only for a hand-out that must be recorded and cannot be: it
    /// must not happen, and was not counted (`ERR unavailable reason=audit`).
    @discardableResult
    package func record(_ entry: AuditEntry) -> AuditReceipt? {
        let now = clock()
        defer { schedule() }
        if isRequired, entry.event == .handedOut, tally.isNew(entry) { return recordOrRefuse(entry, now) }
        let (slot, first, before) = tally.record(entry, now: now)
        kept?.count(slot, entry, since: now)
        for summary in before { write(summary, now) }
        if let first {
            for summary in tally.ended(by: first, now: now) { write(summary, now) }
            write(AuditSummary(first: first, in: slot), now)
        }
        return receipt(entry, slot)
    }

    /// Says so where journald may drop entries that it took.
    func noteLimit(_ limit: JournalRateLimit) {
        guard sink.isJournal else { return }
        let text: String?
        switch limit {
        case .unknown: text = nil
        case .journaldDefault: text = AuditRate.ofJournald
        case .unit(let unit, let interval, let burst): text = AuditRate.warning(unit, interval: interval, burst: burst)
        }
        if let text { note(.trouble, text, reason: "audit-rate", priority: isRequired ? .error : .warning) }
    }

    /// Whether the journal has not heard of such a decision lately.
    func isNew(_ entry: AuditEntry) -> Bool { tally.isNew(entry) }

    /// Counts one more decision just like that of a receipt. False when its slot was given up: record it anew.
    @inline(__always)
    package func again(_ slot: AuditSlot) -> Bool {
        guard tally.again(slot) else { return false }
        kept?.count(slot)
        decisions.again(slot.series)
        return true
    }

    var figures: MetricsPicture.Audit {
        var figures = MetricsPicture.Audit()
        (figures.entries, figures.notTaken, figures.waiting) = (entries, notTaken, tally.pending + backlog.pending)
        return figures
    }

    /// The configuration has changed: drops the counters of tokens that are not wanted. Receipts given before are no longer valid.
    func forget(where isUnwanted: (TokenName) -> Bool) { decisions.forget(where: isUnwanted) }

    /// Tells an operator something in one calm sentence, safe to log; `reason` is the one word that tells it from others.
    package func note(_ event: AuditEvent, _ text: String, reason: String? = nil, priority: AuditPriority? = nil) {
        record(AuditEntry(event, priority: priority, reason: reason, text: text))
    }

    /// Writes everything that is counted, as far as it is taken: the last thing before the process ends. Returns the number of
    /// decisions that are still not written.
    ///
    /// - Parameter patience: nanoseconds for the journal to make room. Its queue has some hundred places, and the last summaries may be thousands.
    @discardableResult
    package func flush(within patience: Int64 = 0) -> UInt64 {
        let now = clock()
        let end = Clock.boottime() + patience
        catchUp(now)
        while !backlog.isClear, hasWaited(until: end) { catchUp(now) }
        for summary in tally.drain(now: now) {
            var isWritten = backlog.isClear && tell(summary, now)
            while !isWritten, backlog.isClear, hasWaited(until: end) { isWritten = tell(summary, now) }
            if !isWritten { keep(summary, now) }
        }
        schedule()
        return tally.pending + backlog.pending
    }

    /// A moment in which the journal may read; false when there is no time left.
    private func hasWaited(until end: Int64) -> Bool {
        guard Clock.boottime() < end else { return false }
        usleep(1_000)
        return true
    }

    /// What the timer does: tries again, then tells the summaries whose time has come.
    func wake() {
        let now = clock()
        if let retry = backlog.retryAt, retry <= now { catchUp(now) }
        if backlog.isClear { for summary in tally.due(now: now) { write(summary, now) } }
        if backlog.isClear, tally.nextDeadline == nil { kept?.forgetEntries() }
        schedule()
    }

    /// Tells what an earlier process counted and could not tell, and has what is counted from now on kept for the next one.
    func resume(_ leftovers: [KeptCounts.Leftover], in memory: FDStoreMemory? = nil, keep: (FDStoreMemory) -> Bool = { $0.store() }) {
        let now = clock()
        // whether or not there is memory for it again
        let inherited = leftovers.compactMap { leftover in
            tally.inherit(leftover.entry, count: leftover.count, since: leftover.since, now: now).map { (summary: $0, since: leftover.since) }
        }
        kept = KeptCounts(
            keeping: { kept in
                for (summary, since) in inherited { kept.count(summary.slot, summary.entry, by: summary.count, since: since) }
            }, in: memory, keep: keep)
        for (summary, _) in inherited { write(summary, now) }
        schedule()
    }
}

/// A decision that was recorded.
package struct AuditReceipt: Hashable, Sendable {
    /// Where its repeats are counted.
    package let slot: AuditSlot
}

extension AuditLog {
    private func recordOrRefuse(_ entry: AuditEntry, _ now: Int64) -> AuditReceipt? {
        if !backlog.isClear { catchUp(now) }
        let (slot, first, before) = tally.record(entry, now: now)
        kept?.count(slot, entry, since: now)
        for summary in before { write(summary, now) }
        // of too many kinds to list each: it is counted, and the journal has heard of that
        guard let first else { return receipt(entry, slot) }
        let summary = AuditSummary(first: first, in: slot)
        if backlog.isClear, tell(summary, now) { return receipt(entry, slot) }
        if sink.takeBesides(auditFields(summary)) {
            // it is in the journal as a line, and follows with its fields
            keep(summary, now)
            return receipt(entry, slot)
        }
        // it is not to be told by the next process either
        kept?.told(slot, 1, now: now)
        tally.withdraw(slot)
        backlog.failed(now: now)
        return nil
    }

    private func receipt(_ entry: AuditEntry, _ slot: AuditSlot) -> AuditReceipt {
        var slot = slot
        slot.series = decisions.count(entry)
        return AuditReceipt(slot: slot)
    }

    private func take(_ fields: [(AuditField, String)]) -> Bool {
        let isTaken = sink.take(fields)
        if isTaken { entries &+= 1 } else { notTaken &+= 1 }
        return isTaken
    }

    private func write(_ summary: AuditSummary, _ now: Int64) {
        if !backlog.isClear || !tell(summary, now) { keep(summary, now) }
    }

    /// Whether the journal took it.
    private func tell(_ summary: AuditSummary, _ now: Int64) -> Bool {
        guard take(auditFields(summary)) else { return false }
        kept?.told(summary.slot, summary.count, now: now)
        return true
    }

    /// For another time.
    private func keep(_ summary: AuditSummary, _ now: Int64) {
        if !backlog.hold(summary, now: now) { putBack(summary, now) }
    }

    private func putBack(_ summary: AuditSummary, _ now: Int64) {
        let slot = tally.notWritten(summary, now: now)
        kept?.move(summary, to: slot, since: now - .seconds(summary.seconds))
    }

    private func catchUp(_ now: Int64) {
        if let report = backlog.report(now: now) {
            guard take(auditFields(report)) else { return backlog.failed(now: now) }
            backlog.reported()
        }
        while let summary = backlog.next(now: now) {
            guard tell(summary, now) else { return backlog.failed(now: now) }
            backlog.taken()
        }
        backlog.caughtUp()
    }

    /// What only waits to be written does not count as recorded from here on.
    private func distrust() {
        for summary in backlog.empty() { putBack(summary, clock()) }
        tally.disown()
    }

    private func schedule() {
        guard let moment = backlog.retryAt ?? tally.nextDeadline else { timer?.clear(); return }
        timer?.set(at: moment)
    }

    static func sink(for mode: LogMode, journal path: String = JournalSocket.journald) throws(SystemError) -> any AuditSink {
        switch mode {
        case .journal: return JournalSink(try JournalSocket(path: path), besides: LineSink.standardErrorOfJournal())
        case .stderr: return LineSink.standardError()
        case .auto:
            let journal = try JournalSocket(path: path)
            return journal.exists ? JournalSink(journal, besides: LineSink.standardErrorOfJournal()) : LineSink.standardError()
        }
    }
}
