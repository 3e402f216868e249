/// Limits the concurrent name lookups.
///
/// libcurl uses one thread per name lookup and cannot cancel a lookup that hangs. Without a limit, an unreachable name server and two hundred
/// transfers would mean two hundred threads. A transfer is in this queue from `join` until its name is resolved. Times are in nanoseconds.
struct ResolveQueue {
    /// The maximum number of concurrent lookups.
    static let total = 32
    /// The maximum number of concurrent lookups per group, so that one unreachable name does not take all slots. It is one while half of all slots
    /// are taken.
    static let perGroup = 2
    /// How long an abandoned lookup keeps its slot. Its thread still waits for the name server: with glibc's defaults, 10 s for each configured
    /// server.
    static let longestLookup: Int64 = 30_000_000_000

    private struct Lookup { let group: String, began: Int64 }
    private var queued: [(id: UInt64, group: String)] = []
    private var lookups: [UInt64: Lookup] = [:]
    private var abandoned: [Lookup] = []

    /// Transfers whose lookup is running.
    var resolving: some Collection<UInt64> { lookups.keys }

    /// Appends the transfer to the queue.
    mutating func join(_ id: UInt64, group: String) { queued.append((id, group)) }

    /// The transfers that may start their lookup now, in the order of `join`. Each keeps its slot until `leave` or `abandon`.
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

    /// Call it when the name is resolved, or when the transfer ended before its lookup started.
    mutating func leave(_ id: UInt64) {
        guard lookups.removeValue(forKey: id) == nil else { return }
        queued.removeAll { $0.id == id }
    }

    /// Call it when the transfer ended during its lookup. The thread of the lookup still runs, so the slot stays taken for a time.
    mutating func abandon(_ id: UInt64) {
        if let lookup = lookups.removeValue(forKey: id) { abandoned.append(lookup) } else { leave(id) }
    }

    /// When the next abandoned lookup releases its slot. `nil` if no transfer waits for one.
    var nextRelease: Int64? {
        queued.isEmpty ? nil : abandoned.map { $0.began + Self.longestLookup }.min()
    }

    private func hasFreeSlot(for group: String) -> Bool {
        let all = lookups.count + abandoned.count
        let own = lookups.values.count { $0.group == group } + abandoned.count { $0.group == group }
        return all < Self.total && own < (all < Self.total / 2 ? Self.perGroup : 1)
    }
}
