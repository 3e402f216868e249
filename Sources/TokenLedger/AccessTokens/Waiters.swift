internal import TokenWire

/// Which requests wait for which cached token, and until when. They are bounded over all tokens; to come and to go costs the same however many wait.
struct Waiters: Sendable {
    private var waiters: [UInt64: Waiter] = [:]
    private var ids: [CacheKey: Set<UInt64>] = [:]
    private var deadlines = Deadlines<UInt64>()
    /// Shares the room among the callers. A unit that starts, and all but the first of a RENEW, wait without a place.
    private var places: FairHoldings<UInt64>

    /// As many requests may wait, whatever for, and as many of one caller: all who wait for one token are answered in one turn.
    static let most = 16_384
    static let mostOfOne = 1_024

    init(_ bounds: FairPool.Bounds = FairPool.Bounds(capacity: most, perHolder: mostOfOne)) { places = FairHoldings(bounds) }

    var count: Int { waiters.count }
    var placeCount: Int { places.count }
    /// When `due` wants to be called next, on CLOCK_BOOTTIME.
    var nextDeadline: Int64? { deadlines.next }

    var keys: some Collection<CacheKey> { ids.keys }

    subscript(id: UInt64) -> Waiter? { waiters[id] }

    func isEmpty(for key: CacheKey) -> Bool { ids[key] == nil }

    /// Those who wait for this token, in the order in which they came.
    func all(for key: CacheKey) -> [Waiter] { (ids[key] ?? []).sorted().compactMap { waiters[$0] } }

    // MARK: coming

    /// Takes a place for a request of this share, before it is added. Whoever has most requests waiting loses the newest of them: those wait no longer.
    /// There is no place if that is who asks.
    mutating func claimPlace(for id: UInt64, of share: Share) -> (isIn: Bool, gaveWay: [Waiter]) {
        let (isIn, putOut) = places.admit(id, of: share, rank: -Int64(truncatingIfNeeded: id))
        return (isIn, putOut.compactMap { remove($0) })
    }

    mutating func add(_ waiter: Waiter) {
        waiters[waiter.id] = waiter
        ids[waiter.key, default: []].insert(waiter.id)
        deadlines.set(waiter.id, at: waiter.deadline)
    }

    // MARK: going

    /// It waits no longer, and its place is free. `nil` if it did not wait.
    @discardableResult
    mutating func remove(_ id: UInt64) -> Waiter? {
        deadlines.set(id, at: nil)
        places.remove(id)
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        ids[waiter.key]?.remove(id)
        if ids[waiter.key]?.isEmpty == true { ids[waiter.key] = nil }
        return waiter
    }

    /// Those who wait for this token, in the order in which they came, and who wait no longer.
    mutating func take(for key: CacheKey, where isMeant: (Waiter) -> Bool = { _ in true }) -> [Waiter] {
        let meant = all(for: key).filter(isMeant)
        for waiter in meant { remove(waiter.id) }
        return meant
    }

    mutating func takeAll() -> [Waiter] {
        let all = Array(waiters.values)
        self = Waiters(places.bounds)
        return all
    }

    // MARK: time

    /// Those whose deadline has come, the earliest first, and no more than so many. Each has to be removed or postponed.
    mutating func due(at boot: Int64, atMost most: Int) -> [Waiter] { deadlines.due(at: boot, atMost: most).compactMap { waiters[$0] } }

    mutating func postpone(_ id: UInt64, to deadline: Int64) {
        guard waiters[id] != nil else { return }
        waiters[id]?.deadline = deadline
        deadlines.set(id, at: deadline)
    }

    // MARK: check

    func check() -> [String] {
        var faults = places.check()
        for (id, waiter) in waiters {
            if ids[waiter.key]?.contains(id) != true { faults.append("request \(id) waits for \(waiter.key), which does not list it") }
            if deadlines[id] == nil { faults.append("request \(id) waits for \(waiter.key) and has no deadline") }
        }
        for (key, ids) in ids { for id in ids where waiters[id]?.key != key { faults.append("\(key) lists request \(id), which does not wait for it") } }
        for id in deadlines.keys where waiters[id] == nil { faults.append("request \(id) has a deadline and waits for nothing") }
        for id in places.items where waiters[id] == nil { faults.append("request \(id) has a place and waits for nothing") }
        return faults
    }
}

/// A request that waits, and what would satisfy it.
package struct Waiter: Sendable {
    package enum Patience: Sendable {
        /// the outcome of the next exchange, good or bad; the held token rather than a failure
        case outcome
        /// a token newer than the present one, or the failure to get one (REJECT, RENEW)
        case renewal
        /// until a token can be served, through any failure that may pass (WAIT)
        case ready
        /// a token for its caller, through any failure that may pass (a unit's credential)
        case token

        /// Whether what comes is handed to the caller.
        var isForToken: Bool {
            switch self {
            case .outcome, .token: true
            case .renewal, .ready: false
            }
        }

        /// Whether a failure that may pass is waited out.
        var isLasting: Bool {
            switch self {
            case .outcome, .renewal: false
            case .ready, .token: true
            }
        }
    }
    let id: UInt64
    /// What it waits for.
    let key: CacheKey
    /// Of whoever asks.
    let share: Share
    /// CLOCK_BOOTTIME
    var deadline: Int64
    let promise: Promise
    let fit: Fit
    let patience: Patience
    /// CLOCK_BOOTTIME; `deadline` is before it only while there is a token to get instead.
    var utmost: Int64?
}
