internal import OAuth

/// One identity server: what waits for it, what is with it, and whether it is left alone after a failure.
struct Lane: Sendable {
    private var callers = FIFO<CacheKey>()
    private var renewals = FIFO<CacheKey>()
    var inFlight = 0
    var backoff = Backoff()
    var failure: ExchangeFailure?

    /// A server that failed is tried by one exchange, not by all that wait.
    var capacity: Int { backoff.failures > 0 ? 1 : Ledger.flightsPerServer }

    var hasWaiting: Bool { !callers.isEmpty || !renewals.isEmpty }

    mutating func enqueue(_ key: CacheKey, isForCaller: Bool) {
        if isForCaller { callers.append(key) } else { renewals.append(key) }
    }

    /// Callers before renewals, each in order.
    mutating func dequeue() -> CacheKey? { callers.removeFirst() ?? renewals.removeFirst() }

    /// Everything that waits, and then nothing does.
    mutating func clear() -> [CacheKey] {
        defer { (callers, renewals) = (FIFO(), FIFO()) }
        return callers.all + renewals.all
    }
}
