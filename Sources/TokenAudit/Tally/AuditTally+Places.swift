internal import TokenLedger

extension AuditTally {
    /// Where an entry is counted: by itself while its share has room, or gets it from who has more; then with the others of its user, then with
    /// everyone's.
    func group(for entry: AuditEntry) -> AuditGroup {
        let key = AuditKey(entry)
        let account = entry.account
        if places[.one(key)] != nil || keys.admits(account) || (entry.isNeverSummed && keys.first(of: account) != nil) { return .one(key) }
        return summed(entry)
    }

    func summed(_ entry: AuditEntry) -> AuditGroup {
        let user = AuditGroup.others(uid: entry.uid)
        return places[user] != nil || others < AuditTally.mostOthers ? user : .everyone
    }

    /// Takes the key in. Those who give way to it are told, by their names, what was counted of them.
    mutating func makeRoom(for group: AuditGroup, _ entry: AuditEntry, now: Int64) -> [AuditSummary] {
        guard case .one(let key) = group else { return [] }
        var (isIn, putOut) = keys.admit(key, of: entry.account, rank: now)
        if !isIn, let own = keys.first(of: entry.account) {
            keys.remove(own)
            putOut.append(own)
            isIn = keys.admit(key, of: entry.account, rank: now).isIn
        }
        var told: [(Int64, AuditSummary)] = []
        for place in putOut.compactMap({ places[.one($0)] }) {
            if let summary = take(place, now: now) { told.append(summary) }
            close(place)
        }
        return inOrder(told)
    }

    func slot(_ place: Int) -> AuditSlot { AuditSlot(place: place, generation: counts[place].generation) }

    /// A place for a group that has none. Its first entry counts as told.
    mutating func open(_ group: AuditGroup, _ entry: AuditEntry, now: Int64) -> Int {
        let place = vacancy()
        var row = Row(group: group, entry: group.told(by: entry), since: now, latest: now, deadline: 0, isTold: true)
        schedule(&row, at: now + row.window)
        rows[place] = row
        places[group] = place
        if case .others = group { others += 1 }
        return place
    }

    mutating func close(_ place: Int) {
        guard let group = rows[place]?.group else { return }
        counts[place].generation &+= 1
        rows[place] = nil
        places[group] = nil
        free.append(place)
        switch group {
        case .one(let key): keys.remove(key)
        case .others: others -= 1
        case .everyone: break
        }
    }

    /// When nothing is counted: the room of thousands of callers goes back. No slot of before fits a place made later.
    mutating func vacate() {
        firstGeneration = (counts.map(\.generation).max() ?? firstGeneration) &+ 1
        (counts, rows, free, places, keys) = ([], [], [], [:], Self.noKeys)
    }

    private mutating func vacancy() -> Int {
        if let place = free.popLast() { return place }
        counts.append(Count(generation: firstGeneration))
        rows.append(nil)
        return rows.count - 1
    }

    /// Deadlines are whole seconds: a thousand keys wake the daemon once a second, not a thousand times.
    mutating func schedule(_ row: inout Row, at moment: Int64) {
        row.deadline = (moment + .seconds(1) - 1) / .seconds(1) * .seconds(1)
        nextDeadline = min(nextDeadline ?? .max, row.deadline)
    }
}
