internal import OAuth
internal import TokenWire

/// One identity server: which exchanges wait for it, how many are with it, and whether it, or one of its clients, is left alone after a failure.
///
/// A cached result waits once, in one or more of three lines, and is taken out of all of them at the first of its turns:
///
///     callers    what somebody waits for, in turn by the callers' shares
///     renewals   what is renewed or kept, in turn by the share of its consumer; of one consumer the token that ends first
///     endings    what a refresh token needs that would end unused; the one that ends first
///
/// Every second exchange is for the endings while there are any. The callers and the renewals take turns with the others.
struct ServerQueue: Sendable {
    /// Why somebody is left alone, and for how long.
    struct Cooling: Sendable {
        var backoff = Backoff()
        var failure: ExchangeFailure?
        /// Whose exchange met the failure.
        var token: TokenName?
    }
    private var callers = FairQueue<CacheKey>()
    private var renewals = FairQueue<CacheKey>()
    private var endings = Deadlines<CacheKey>()
    /// All that waits, in the order in which it came.
    private var waiting: [CacheKey: Int64] = [:]
    private var arrivals: Int64 = 0
    /// From which line the last one came.
    private var wasEnding = false
    private var wasCaller = false

    private(set) var inFlight = 0
    /// The exchange that was begun last.
    private(set) var latest: UInt64 = 0
    /// After a 503, or where it cannot be reached.
    private(set) var server = Cooling()
    /// Clients that were told to wait (429), by their ids.
    private(set) var clients: [String: Cooling] = [:]

    init() {}

    /// Nothing waits, and whoever was left alone still is.
    init(pausesOf other: ServerQueue) { (server, clients) = (other.server, other.clients) }

    // MARK: what waits

    var hasWaiting: Bool { !waiting.isEmpty }

    func contains(_ key: CacheKey) -> Bool { waiting[key] != nil }

    var keys: some Collection<CacheKey> { waiting.keys }

    /// Each broken rule between the lines, in a sentence.
    func check() -> [String] {
        let lined = Set(callers.items).union(renewals.items).union(endings.keys)
        return lined == Set(waiting.keys) ? [] : ["\(waiting.count) results wait for a server, and its lines have \(lined.count)"]
    }

    mutating func enqueue(_ key: CacheKey, for share: Share) {
        note(key)
        callers.insert(key, for: share, rank: arrivals)
    }

    /// - Parameter end: CLOCK_BOOTTIME at which what is held ends.
    mutating func enqueue(_ key: CacheKey, renewalFor share: Share, before end: Int64) {
        note(key)
        renewals.insert(key, for: share, rank: end)
    }

    /// - Parameter end: CLOCK_BOOTTIME at which the refresh token ends.
    mutating func enqueue(_ key: CacheKey, savingSignInBefore end: Int64) {
        note(key)
        if endings[key].map({ end < $0 }) ?? true { endings.set(key, at: end) }
    }

    private mutating func note(_ key: CacheKey) {
        arrivals += 1
        if waiting[key] == nil { waiting[key] = arrivals }
    }

    /// It waits no longer.
    mutating func remove(_ key: CacheKey) {
        guard waiting.removeValue(forKey: key) != nil else { return }
        callers.remove(key)
        renewals.remove(key)
        endings.set(key, at: nil)
    }

    /// Takes out what is wanted, in the order in which it came.
    mutating func take(_ isWanted: (CacheKey) -> Bool) -> [CacheKey] {
        let wanted = waiting.filter { isWanted($0.key) }.sorted { $0.value < $1.value }.map(\.key)
        for key in wanted { remove(key) }
        return wanted
    }

    /// Takes out what is begun next, while one more may be with the server.
    mutating func next(at boot: Int64) -> CacheKey? {
        guard hasWaiting, inFlight < capacity(at: boot), let key = pick() else { return nil }
        remove(key)
        return key
    }

    private mutating func pick() -> CacheKey? {
        if !wasEnding || (callers.isEmpty && renewals.isEmpty), let ending = endings.first?.key {
            wasEnding = true
            return ending
        }
        wasEnding = false
        wasCaller = renewals.isEmpty || (!wasCaller && !callers.isEmpty)
        return wasCaller ? callers.next() : renewals.next()
    }

    // MARK: what is with the server

    /// A server that failed is tried by one exchange, not by all that wait; so is one that has just told a client to wait.
    private func capacity(at boot: Int64) -> Int {
        server.backoff.failures > 0 || clients.values.contains { $0.backoff.isCooling(at: boot) } ? 1 : ExchangeScheduler.mostPerServer
    }

    mutating func begin(_ exchange: UInt64) {
        inFlight += 1
        latest = exchange
    }

    mutating func end() { inFlight -= 1 }

    // MARK: whether it is left alone

    /// Of the server, and of this client of it.
    func coolings(of client: String) -> [Cooling] { [server, clients[client]].compactMap { $0 } }

    /// An exchange has failed in a way that concerns this client, or (`nil`) all of them.
    mutating func cool(client: String?, _ change: (inout Cooling) -> Void) {
        if let client { change(&clients[client, default: Cooling()]) } else { change(&server) }
    }

    /// The server has answered this client.
    mutating func heal(client: String?) {
        server = Cooling()
        if let client { clients[client] = nil }
    }

    /// Somebody wants this client tried, however it failed before.
    mutating func forgive(client: String) {
        forgiveServer()
        clients[client] = nil
    }

    mutating func forgiveServer() { server.backoff.clear() }

    /// What stood in the way of the server may be gone.
    mutating func retryServerNow() { server.backoff.retryNow() }

    /// Forgets the clients that are no longer configured.
    mutating func keepOnly(clients known: Set<String>) { clients = clients.filter { known.contains($0.key) } }
}
