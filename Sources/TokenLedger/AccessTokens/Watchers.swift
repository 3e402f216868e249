/// Who is told of every change of which cached token (WATCH).
struct Watchers: Sendable {
    private var watchers: [CacheKey: [Watcher]] = [:]

    var keys: some Collection<CacheKey> { watchers.keys }

    /// In the order in which they came.
    func all(of key: CacheKey) -> [Watcher] { watchers[key] ?? [] }

    func isEmpty(of key: CacheKey) -> Bool { watchers[key] == nil }

    mutating func add(_ watcher: Watcher, of key: CacheKey) { watchers[key, default: []].append(watcher) }

    mutating func remove(_ id: UInt64, of key: CacheKey) {
        watchers[key]?.removeAll { $0.id == id }
        if watchers[key]?.isEmpty == true { watchers[key] = nil }
    }

    mutating func removeAll(of key: CacheKey) { watchers[key] = nil }

    mutating func removeAll() { watchers = [:] }
}

struct Watcher: Sendable {
    var id: UInt64
    /// A token that the server made wider or poorer is not shown.
    var fit: Fit
}
