extension AuditTally {
    /// Where an entry is counted: by itself while there is room, then with the others of its user, then with everyone's.
    func group(for entry: AuditEntry) -> AuditGroup {
        let key = AuditKey(entry)
        if places[.one(key)] != nil || hasRoom(for: key) { return .one(key) }
        let user = AuditGroup.others(uid: entry.uid)
        return places[user] != nil || others < AuditTally.mostOthers ? user : .everyone
    }

    private func hasRoom(for key: AuditKey) -> Bool {
        keys < AuditTally.mostKeys && (!key.isStrangers || strangers < AuditTally.mostStrangersKeys)
    }

    func slot(_ place: Int) -> AuditSlot { AuditSlot(place: place, generation: counts[place].generation) }

    /// A place for a group that has none. Its first entry counts as told.
    mutating func open(_ group: AuditGroup, _ entry: AuditEntry, now: Int64) -> Int {
        let place = vacancy()
        var row = Row(group: group, entry: group.told(by: entry), since: now, latest: now, deadline: 0, isTold: true)
        schedule(&row, at: now + row.window)
        rows[place] = row
        places[group] = place
        tally(group, by: 1)
        return place
    }

    mutating func close(_ place: Int) {
        guard let group = rows[place]?.group else { return }
        counts[place].generation &+= 1
        rows[place] = nil
        places[group] = nil
        free.append(place)
        tally(group, by: -1)
    }

    /// When nothing is counted: the room of thousands of callers goes back. No slot of before fits a place made later.
    mutating func vacate() {
        firstGeneration = (counts.map(\.generation).max() ?? firstGeneration) &+ 1
        (counts, rows, free, places) = ([], [], [], [:])
    }

    private mutating func vacancy() -> Int {
        if let place = free.popLast() { return place }
        counts.append(Count(generation: firstGeneration))
        rows.append(nil)
        return rows.count - 1
    }

    private mutating func tally(_ group: AuditGroup, by one: Int) {
        switch group {
        case .one(let key):
            keys += one
            if key.isStrangers { strangers += one }
        case .others: others += one
        case .everyone: break
        }
    }

    /// Deadlines are whole seconds: a thousand keys wake the daemon once a second, not a thousand times.
    mutating func schedule(_ row: inout Row, at moment: Int64) {
        row.deadline = (moment + .seconds(1) - 1) / .seconds(1) * .seconds(1)
        nextDeadline = min(nextDeadline ?? .max, row.deadline)
    }
}
