/// Who may look a name up now, and who waits for a turn.
///
/// libcurl spends a thread on every name lookup, and cannot end one that hangs: without a limit, a dead name server and two
/// hundred transfers are two hundred threads. A transfer stays here from `join` until its name is resolved. Times in nanoseconds.
struct ResolveQueue {
    /// Lookups at a time, over all groups.
    static let total = 32
    /// Lookups at a time in one group, so that one server's dead name does not take every turn; one where half of the turns are taken.
    static let perGroup = 2
    /// How long a lookup that was given up still counts: its thread waits for the name server, by glibc's defaults 10 s for
    /// each one configured.
    static let longestLookup: Int64 = 30_000_000_000

    private struct Lookup { let group: String, began: Int64 }
    private var queued: [(id: UInt64, group: String)] = []
    private var lookups: [UInt64: Lookup] = [:]
    private var abandoned: [Lookup] = []

    /// Transfers that have a turn and have not finished with it.
    var resolving: some Collection<UInt64> { lookups.keys }

    /// Joins the end of the line.
    mutating func join(_ id: UInt64, group: String) { queued.append((id, group)) }

    /// The transfers whose turn has come, in the order in which they joined; each holds its turn until `leave` or `abandon`.
    mutating func admit(now: Int64) -> [UInt64] {
        abandoned.removeAll { $0.began + Self.longestLookup <= now }
        var admitted: [UInt64] = []
        var stillQueued: [(id: UInt64, group: String)] = []
        for (id, group) in queued {
            if hasFreeSlot(for: group) {
                lookups[id] = Lookup(group: group, began: now)
                admitted.append(id)
            } else {
                stillQueued.append((id, group))
            }
        }
        queued = stillQueued
        return admitted
    }

    /// The name is resolved, or the transfer ended while it waited in line.
    mutating func leave(_ id: UInt64) {
        guard lookups.removeValue(forKey: id) == nil else { return }
        queued.removeAll { $0.id == id }
    }

    /// The transfer ended in the middle of its lookup: the thread lives on, and its turn with it.
    mutating func abandon(_ id: UInt64) {
        if let lookup = lookups.removeValue(forKey: id) { abandoned.append(lookup) } else { leave(id) }
    }

    /// When the next given-up lookup stops counting, if somebody waits for that.
    var nextRelease: Int64? {
        queued.isEmpty ? nil : abandoned.map { $0.began + Self.longestLookup }.min()
    }

    private func hasFreeSlot(for group: String) -> Bool {
        let all = lookups.count + abandoned.count
        let own = lookups.values.count { $0.group == group } + abandoned.count { $0.group == group }
        return all < Self.total && own < (all < Self.total / 2 ? Self.perGroup : 1)
    }
}
