/// The last requests, oldest first.
package struct AuditLog: Sendable {
    package private(set) var entries: [AuditEntry] = []
    /// The number of the next request. Numbers are never reused.
    package private(set) var nextEntry: Int

    /// - Parameter first: the number of the first request.
    package init(from first: Int = 1) { nextEntry = first }

    package mutating func append(_ make: (Int) -> AuditEntry) -> AuditEntry {
        let entry = make(nextEntry)
        nextEntry += 1
        if entries.count >= 20_000 { entries.removeFirst(10_000) }
        entries.append(entry)
        return entry
    }

    /// Records the result of a request. `nil` if the log was reset since.
    package mutating func finish(_ sequence: Int, _ outcome: AuditEntry.Outcome) -> AuditEntry? {
        guard let index = entries.lastIndex(where: { $0.sequence == sequence }) else { return nil }
        entries[index].outcome = outcome
        return entries[index]
    }
}
