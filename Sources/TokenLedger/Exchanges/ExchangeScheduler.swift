internal import OAuth
internal import TokenWire

/// Which exchange is made next, what is under way, and how long each server and client is left alone after a failure.
///
///     none ──enqueue──► in its server's queue ──begin──► under way ──end──► none
///                          │        ▲
///                          ▼        └── the refresh token is free again
///                       in the queue for its refresh token
///
/// At most one exchange of a cached token is queued or under way.
struct ExchangeScheduler: Sendable {
    enum Progress: Sendable, Equatable {
        case none
        case queued
        case underWay(UInt64)
    }
    private struct Queued: Sendable {
        var server: ServerRoute
        var cause: Cause
        /// It waits until an exchange with the same refresh token has ended.
        var awaitsRefreshToken = false
    }
    private var queued: [CacheKey: Queued] = [:]
    private var queues: [ServerRoute: ServerQueue] = [:]
    /// Those that wait for a refresh token, in turn by whom they are for.
    private var refreshQueues: [TokenName: FairQueue<CacheKey>] = [:]
    private var arrivals: Int64 = 0
    private var exchanges: [UInt64: Exchange] = [:]
    /// Which exchange each cached token waits for. One whose sign-in was replaced meanwhile is waited for by nobody.
    private var awaited: [CacheKey: UInt64] = [:]
    /// How many are with their servers, or prepare to be.
    private(set) var inFlight = 0
    /// CLOCK_BOOTTIME at which the last exchange of each began, for as long as that puts off the next one.
    private var begun: [CacheKey: Int64] = [:]

    /// At most so many exchanges at once, and so many with one identity server (decided cases, 8).
    static let mostInFlight = 64
    static let mostPerServer = 8
    /// Between two exchanges of one cached token, however short its tokens live (decided cases, 10).
    static let leastSpacing = Int64.seconds(1)

    // MARK: what is known of a cached token

    func progress(of key: CacheKey) -> Progress {
        if let id = awaited[key] { return .underWay(id) }
        return queued[key] == nil ? .none : .queued
    }

    func isIdle(_ key: CacheKey) -> Bool { awaited[key] == nil && queued[key] == nil }

    func isQueued(_ key: CacheKey) -> Bool { queued[key] != nil }

    func awaitsRefreshToken(_ key: CacheKey) -> Bool { queued[key]?.awaitsRefreshToken == true }

    func cause(ofQueued key: CacheKey) -> Cause? { queued[key]?.cause }

    func exchange(for key: CacheKey) -> Exchange? { awaited[key].flatMap { exchanges[$0] } }

    /// CLOCK_BOOTTIME before which no other exchange of it begins; in the past where nothing puts it off.
    func spacingEnd(_ key: CacheKey) -> Int64 { begun[key].map { $0 + Self.leastSpacing } ?? 0 }

    // MARK: the queues

    /// Lets a cached token wait, of which no exchange is queued or under way.
    mutating func enqueue(_ key: CacheKey, _ cause: Cause, at server: ServerRoute) {
        guard isIdle(key) else { return }
        queued[key] = Queued(server: server, cause: cause)
    }

    /// It also gets the turns of whoever asks for it.
    mutating func addTurn(_ key: CacheKey, for share: Share) {
        guard let entry = queued[key] else { return }
        guard entry.awaitsRefreshToken else { return queues[entry.server, default: ServerQueue()].enqueue(key, for: share) }
        arrivals += 1
        refreshQueues[key.token, default: FairQueue()].insert(key, for: share, rank: arrivals)
    }

    /// - Parameter end: CLOCK_BOOTTIME at which what is held ends.
    mutating func addTurn(_ key: CacheKey, renewalFor share: Share, before end: Int64) {
        if let server = queued[key]?.server { queues[server, default: ServerQueue()].enqueue(key, renewalFor: share, before: end) }
    }

    /// - Parameter end: CLOCK_BOOTTIME at which the refresh token ends.
    mutating func addTurn(_ key: CacheKey, savingSignInBefore end: Int64) {
        if let server = queued[key]?.server { queues[server, default: ServerQueue()].enqueue(key, savingSignInBefore: end) }
    }

    /// It waits for no exchange any longer. `false` if it did not wait.
    @discardableResult
    mutating func dequeue(_ key: CacheKey) -> Bool {
        guard let entry = queued.removeValue(forKey: key) else { return false }
        queues[entry.server]?.remove(key)
        refreshQueues[key.token]?.remove(key)
        if refreshQueues[key.token]?.isEmpty == true { refreshQueues[key.token] = nil }
        return true
    }

    /// The servers for which something waits, those with the fewest exchanges first.
    func serversInTurn() -> [ServerRoute] {
        let waiting = queues.compactMap { server, queue in queue.hasWaiting ? (server: server, inFlight: queue.inFlight, latest: queue.latest) : nil }
        return waiting.sorted { ($0.inFlight, $0.latest) < ($1.inFlight, $1.latest) }.map(\.server)
    }

    /// Takes the next out of a server's queue, while one more exchange may be made with it, and in all. It has to begin, to wait for its refresh token, or to
    /// be dequeued.
    mutating func next(at server: ServerRoute, boot: Int64) -> CacheKey? {
        guard inFlight < Self.mostInFlight else { return nil }
        return queues[server]?.next(at: boot)
    }

    /// Another exchange has its refresh token: it waits for that, with the turns of those it is for.
    mutating func waitForRefreshToken(_ key: CacheKey, for shares: [Share]) {
        queued[key]?.awaitsRefreshToken = true
        for share in shares { addTurn(key, for: share) }
    }

    /// The refresh token is free: takes out the next that waited for it, with its cause.
    mutating func nextForRefreshToken(_ token: TokenName) -> (key: CacheKey, cause: Cause)? {
        guard let key = refreshQueues[token]?.next(), let entry = queued[key] else { return nil }
        dequeue(key)
        return (key, entry.cause)
    }

    /// Takes out of a server's queue what is meant, in the order in which it came.
    mutating func takeQueued(at server: ServerRoute, where isMeant: (CacheKey) -> Bool) -> [CacheKey] {
        let taken = queues[server]?.take(isMeant) ?? []
        for key in taken { queued[key] = nil }
        return taken
    }

    // MARK: exchanges

    var tokensUnderWay: Set<TokenName> { Set(exchanges.values.map(\.key.token)) }

    subscript(id: UInt64) -> Exchange? { exchanges[id] }

    /// What was taken out of its queue begins.
    /// - Parameter generation: of the settings of its token.
    mutating func begin(_ id: UInt64, _ key: CacheKey, generation: UInt64, at boot: Int64) -> Exchange? {
        guard let entry = queued[key] else { return nil }
        dequeue(key)
        let exchange = Exchange(key: key, generation: generation, server: entry.server, cause: entry.cause, began: boot)
        exchanges[id] = exchange
        awaited[key] = id
        queues[entry.server, default: ServerQueue()].begin(id)
        inFlight += 1
        if begun.count > 2 * exchanges.count + 64 { begun = begun.filter { $0.value + Self.leastSpacing > boot } }
        begun[key] = boot
        return exchange
    }

    /// The answer is here, or none will come: another exchange may take its place at the server. What was exchanged stays under way while the disk is
    /// waited for.
    mutating func free(_ id: UInt64) {
        guard let exchange = exchanges[id], exchange.isInFlight else { return }
        exchanges[id]?.isInFlight = false
        inFlight -= 1
        queues[exchange.server]?.end()
    }

    /// It is over. `isAwaited`: its outcome is that of the cached token it was made for.
    mutating func end(_ id: UInt64) -> (exchange: Exchange, isAwaited: Bool)? {
        free(id)
        guard let exchange = exchanges.removeValue(forKey: id) else { return nil }
        let isAwaited = awaited[exchange.key] == id
        if isAwaited { awaited[exchange.key] = nil }
        return (exchange, isAwaited)
    }

    /// Nothing is published of what is under way for this cached token.
    mutating func disregard(_ key: CacheKey) { awaited[key] = nil }

    /// The cached token is gone.
    mutating func forget(_ key: CacheKey) {
        dequeue(key)
        disregard(key)
        begun[key] = nil
    }

    // MARK: who is left alone

    /// Of the server, and of this client of it.
    func coolings(at server: ServerRoute, client: String) -> [ServerQueue.Cooling] { queues[server]?.coolings(of: client) ?? [] }

    /// A server's own pause.
    func cooling(at server: ServerRoute) -> ServerQueue.Cooling? { queues[server]?.server }

    mutating func cool(_ server: ServerRoute, client: String?, _ change: (inout ServerQueue.Cooling) -> Void) {
        queues[server, default: ServerQueue()].cool(client: client, change)
    }

    mutating func heal(_ server: ServerRoute, client: String?) { queues[server]?.heal(client: client) }

    mutating func forgive(_ server: ServerRoute, client: String) { queues[server]?.forgive(client: client) }

    /// Servers whose last failure is such a one are tried as soon as something wants that.
    mutating func retryServers(where isMeant: (ExchangeFailure) -> Bool) {
        for server in queues.keys where queues[server]?.server.failure.map(isMeant) == true { queues[server]?.retryServerNow() }
    }

    // MARK: another configuration

    /// The way to a server has changed. What the server itself said is as true on the new way; what was wrong on the way there may be mended.
    mutating func adopt(_ server: ServerRoute, insteadOf before: ServerRoute?) {
        if queues[server] == nil, let before, before.location == server.location { queues[server] = queues[before].map { ServerQueue(pausesOf: $0) } }
        if queues[server]?.server.failure?.law == .unsent { queues[server]?.forgiveServer() }
    }

    /// Forgets the servers and clients that are no longer configured, unless something is under way or queued there.
    mutating func keepOnly(_ clients: [ServerRoute: Set<String>]) {
        queues = queues.filter { clients[$0.key] != nil || $0.value.inFlight > 0 || $0.value.hasWaiting }
        for server in queues.keys { queues[server]?.keepOnly(clients: clients[server] ?? []) }
    }

    // MARK: figures and check

    var serverCount: Int { queues.count }
    var exchangeCount: Int { exchanges.count }
    var keysUnderWay: [CacheKey] { Array(queued.keys) + awaited.keys }
    /// Those whose refresh token something waits for.
    var tokensAwaited: some Collection<TokenName> { refreshQueues.keys }
    func queue(at server: ServerRoute) -> ServerQueue? { queues[server] }

    func check() -> [String] {
        var faults: [String] = []
        let perServer = Dictionary(grouping: exchanges.values.filter(\.isInFlight), by: \.server).mapValues(\.count)
        for (server, queue) in queues {
            if queue.inFlight != perServer[server] ?? 0 {
                faults.append("\(server.location.address) counts \(queue.inFlight) exchanges and has \(perServer[server] ?? 0)")
            }
            for key in queue.keys where queued[key]?.server != server || awaitsRefreshToken(key) {
                faults.append("\(key) is in the queue of \(server.location.address) and does not wait for it")
            }
            faults += queue.check()
        }
        for (server, count) in perServer {
            if queues[server] == nil { faults.append("exchanges with \(server.location.address) are under way, which has no queue") }
            if count > Self.mostPerServer { faults.append("\(count) exchanges are with \(server.location.address)") }
        }
        if inFlight != perServer.values.reduce(0, +) || inFlight > Self.mostInFlight { faults.append("\(inFlight) exchanges are under way, as far as counted") }
        for (token, queue) in refreshQueues {
            for key in queue.items where !awaitsRefreshToken(key) {
                faults.append("\(key) is in the queue for the refresh token of \(token) and does not wait for it")
            }
        }
        for (key, entry) in queued {
            let isThere = entry.awaitsRefreshToken ? refreshQueues[key.token]?.contains(key) : queues[entry.server]?.contains(key)
            if isThere != true { faults.append("\(key) is queued, and no queue has it") }
            if awaited[key] != nil { faults.append("\(key) is queued and under way") }
        }
        for (key, id) in awaited where exchanges[id]?.key != key { faults.append("\(key) waits for exchange \(id), which is not its own") }
        return faults
    }
}

/// One exchange, from when it is decided until all that came of it is known.
struct Exchange: Sendable {
    let key: CacheKey
    /// Of the settings of its token: what was sent under older ones is not published.
    let generation: UInt64
    let server: ServerRoute
    let cause: Cause
    /// CLOCK_BOOTTIME
    let began: Int64
    /// It is with its server, or prepares to be. Else its answer is here, and only the disk is waited for.
    var isInFlight = true
}
