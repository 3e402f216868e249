internal import OAuth
internal import TokenWire

/// One identity server: what waits for it, what is with it, and whether it, or one of its clients, is left alone after a failure.
struct ServerQueue: Sendable {
    /// Why somebody is left alone, and for how long.
    struct Cooling: Sendable {
        var backoff = Backoff()
        var failure: ExchangeFailure?
        /// Whose exchange met the failure.
        var token: TokenName?
    }
    private var callers = FIFO<CacheKey>()
    private var renewals = FIFO<CacheKey>()
    var inFlight = 0
    /// After a 503, or where it cannot be reached.
    var server = Cooling()
    /// Clients that were told to wait (429), by their ids.
    var clients: [String: Cooling] = [:]

    /// A server that failed is tried by one exchange, not by all that wait; so is one that has just told a client to wait.
    func capacity(at boot: Int64) -> Int {
        server.backoff.failures > 0 || clients.values.contains { $0.backoff.isCooling(at: boot) } ? 1 : Ledger.flightsPerServer
    }

    /// What waits, callers first.
    var waiting: [CacheKey] { callers.all + renewals.all }

    var hasWaiting: Bool { !callers.isEmpty || !renewals.isEmpty }

    mutating func enqueue(_ key: CacheKey, isForCaller: Bool) {
        if isForCaller { callers.append(key) } else { renewals.append(key) }
    }

    /// Callers before renewals, each in order.
    mutating func dequeue() -> CacheKey? { callers.removeFirst() ?? renewals.removeFirst() }

    /// What waits and is wanted, which then waits no longer.
    mutating func take(_ isWanted: (CacheKey) -> Bool) -> [CacheKey] { callers.take(isWanted) + renewals.take(isWanted) }
}
