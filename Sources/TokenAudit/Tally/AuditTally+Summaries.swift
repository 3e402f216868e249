internal import TokenLedger

extension AuditTally {
    /// The summaries of all keys whose time has come, in the order of their latest decisions. Keys that fell quiet are dropped.
    package mutating func due(now: Int64) -> [AuditSummary] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        self.nextDeadline = nil
        let due = rows.indices.compactMap { look(at: $0, now: now) }
        if free.count == rows.count { vacate() }
        return inOrder(due)
    }

    /// What was counted of trouble that is over with this entry, so that it is told before its end.
    package mutating func ended(by entry: AuditEntry, now: Int64) -> [AuditSummary] {
        guard entry.event.ends != nil else { return [] }
        let ended = rows.indices.compactMap { place -> (Int64, AuditSummary)? in
            guard case .one(let key) = rows[place]?.group, key.isEnded(by: entry) else { return nil }
            return take(place, now: now)
        }
        return inOrder(ended)
    }

    /// Everything that is counted, for the last time. All slots are given up.
    package mutating func drain(now: Int64) -> [AuditSummary] {
        let all = rows.indices.compactMap { place -> (Int64, AuditSummary)? in
            defer { close(place) }
            return take(place, now: now)
        }
        nextDeadline = nil
        return inOrder(all)
    }

    /// What was handed out could not be written: its count waits here for the next summary of its key. The slot where it does.
    @discardableResult
    package mutating func notWritten(_ summary: AuditSummary, now: Int64) -> AuditSlot {
        let place = live(summary.slot) ?? reopened(for: summary.entry, now: now)
        counts[place].pending &+= summary.count
        if summary.isFirst { rows[place]?.isTold = false }
        return slot(place)
    }

    /// Takes over what an earlier process counted and did not tell, to be told now.
    package mutating func inherit(_ entry: AuditEntry, count: UInt64, since: Int64, now: Int64) -> AuditSummary? {
        let place = reopened(for: entry, now: now)
        counts[place].pending &+= count
        rows[place]?.since = min(since, now)
        return take(place, now: now)?.1
    }

    /// Takes a decision back that `record` called a first one, could not be written, and therefore was not acted upon.
    package mutating func withdraw(_ slot: AuditSlot) {
        guard let place = live(slot) else { return }
        if counts[place].pending == 0 { close(place) } else { rows[place]?.isTold = false }
    }

    private func live(_ slot: AuditSlot) -> Int? {
        guard slot.place < counts.count, rows[slot.place] != nil, counts[slot.place].generation == slot.generation else { return nil }
        return slot.place
    }

    private mutating func reopened(for entry: AuditEntry, now: Int64) -> Int {
        let group = entry.event == .others ? AuditGroup(counting: entry) : groupWithoutLoss(for: entry)
        if let place = places[group] { return place }
        _ = makeRoom(for: group, entry, now: now)
        return open(group, entry, now: now)
    }

    /// Where an entry is counted that came back: nobody gives way to it, for that would have to be written too.
    private func groupWithoutLoss(for entry: AuditEntry) -> AuditGroup {
        let key = AuditGroup.one(AuditKey(entry))
        return places[key] != nil || keys.hasRoom(for: entry.account) ? key : summed(entry)
    }

    private mutating func look(at place: Int, now: Int64) -> (Int64, AuditSummary)? {
        guard let row = rows[place] else { return nil }
        guard row.deadline <= now else {
            nextDeadline = min(nextDeadline ?? .max, row.deadline)
            return nil
        }
        let summary = take(place, now: now)
        settle(place, wasBusy: summary != nil, now: now)
        return summary
    }

    /// Hands out what is counted at a place, and widens the interval to its next summary.
    mutating func take(_ place: Int, now: Int64) -> (Int64, AuditSummary)? {
        let count = counts[place].pending
        guard count > 0, var row = rows[place] else { return nil }
        let summary = AuditSummary(
            slot: slot(place), entry: row.isTold ? row.entry.repeated : row.entry, count: count,
            seconds: AuditTally.wholeSeconds(now - row.since), isFirst: !row.isTold)
        counts[place].pending = 0
        row.isTold = true
        row.since = now
        row.window = min(row.window * 2, Row.longestWindow)
        rows[place] = row
        return (row.latest, summary)
    }

    private mutating func settle(_ place: Int, wasBusy: Bool, now: Int64) {
        guard var row = rows[place] else { return }
        guard case .one = row.group, wasBusy || now - row.since < Row.quiet else { return close(place) }
        schedule(&row, at: wasBusy ? now + row.window : row.since + Row.quiet)
        rows[place] = row
    }

    func inOrder(_ summaries: [(latest: Int64, summary: AuditSummary)]) -> [AuditSummary] {
        summaries.sorted { $0.latest < $1.latest }.map(\.summary)
    }

    static func wholeSeconds(_ nanoseconds: Int64) -> Int64 { (nanoseconds + .seconds(1) / 2) / .seconds(1) }
}
