internal import ErpNet
internal import Glibc

/// The instance, shared by all connections and the control socket, and the callers that wait for events.
actor Simulator {
    private var identity: Identity
    private let auditFile: AuditFile
    private let started = ContinuousClock.now
    private var connections = 0
    private var parked: [Parked] = []
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0

    private struct Parked {
        let fault: Fault
        let release: AsyncStream<Never>.Continuation
    }

    private struct Waiter {
        let counter: String
        let count: Int
        let wake: AsyncStream<Never>.Continuation
    }

    init(_ identity: Identity, auditFile: AuditFile) {
        self.identity = identity
        self.auditFile = auditFile
    }

    var memory: Memory { Memory(of: identity) }

    /// The machine's clock in seconds since the epoch.
    private var wall: Int { time(nil) }

    var keepsConnections: Bool { identity.knobs.keepAlive == .on }

    func connectionNumber() -> Int {
        connections += 1
        return connections
    }

    func note(_ event: ConnectionEvent) {
        switch event {
        case .opened: identity.counters.add("connections")
        case .handshakeCompleted: identity.counters.add("handshakes")
        case .handshakeFailed: identity.counters.add("handshake-failures")
        }
        wakeWaiters()
    }
}

/// What an exchange asks.
extension Simulator {
    func arrive(_ request: Request, listener: ListenerKind, connection: Int) -> Identity.Course {
        let arrival = Arrival(listener: listener.rawValue, connection: connection, elapsed: elapsed)
        defer { wakeWaiters() }
        return identity.arrive(request, arrival, wall: wall)
    }

    func answer(_ request: Request, under fault: Fault?) -> Reply {
        defer { wakeWaiters() }
        return identity.answer(request, under: fault, wall: wall)
    }

    func finish(_ course: Identity.Course, _ route: Route, _ outcome: AuditEntry.Outcome) {
        if let entry = identity.finish(course, route, outcome) { auditFile.append(entry.json.description) }
        wakeWaiters()
    }

    /// The client went before it had everything.
    func leave(_ course: Identity.Course, _ route: Route) {
        if let entry = identity.leave(course, route) { auditFile.append(entry.json.description) }
        wakeWaiters()
    }

    /// Holds an exchange until its fault is cleared or released.
    func park(_ course: Identity.Course, _ release: AsyncStream<Never>.Continuation) {
        guard let fault = course.fault else { return release.finish() }
        parked.append(Parked(fault: fault, release: release))
        identity.counters.add("hung", client: course.client)
        wakeWaiters()
    }

    /// Seconds since the start, to the microsecond.
    private var elapsed: Double {
        let (seconds, attoseconds) = (ContinuousClock.now - started).components
        return Double(seconds * 1_000_000 + attoseconds / 1_000_000_000_000) / 1e6
    }
}

/// What the control socket asks.
extension Simulator {
    /// `nil`: not a verb of the instance.
    func perform(_ line: ControlLine) throws -> JSON? {
        defer { wakeWaiters() }
        return try identity.perform(line, wall: wall)
    }

    /// Clears the faults that `which` picks and lets go the exchanges that hang in them.
    func clear(_ which: (Fault) -> Bool) -> JSON {
        let cleared = identity.faults.clear(which)
        return ["cleared": .array(cleared.map { .number($0) }), "released": .number(release(which))]
    }

    /// Lets the hanging exchanges go on; the faults stay.
    func release(_ which: (Fault) -> Bool) -> Int {
        let leaving = parked.filter { which($0.fault) }
        parked.removeAll { which($0.fault) }
        for exchange in leaving { exchange.release.finish() }
        return leaving.count
    }

    func reset() {
        identity.reset()
        _ = release { _ in true }
    }

    /// Waits until a counter has reached a count; returns what it shows then.
    func reach(_ counter: String, _ count: Int, within seconds: Double) async -> Int {
        guard identity.counters[counter] < count else { return identity.counters[counter] }
        let (reached, wake) = AsyncStream<Never>.makeStream()
        let number = nextWaiter
        nextWaiter += 1
        waiters[number] = Waiter(counter: counter, count: count, wake: wake)
        await withTaskGroup { group in
            group.addTask { for await _ in reached {} }
            group.addTask { try? await Task.sleep(for: .seconds(seconds)) }
            await group.next()
            group.cancelAll()
        }
        waiters[number] = nil
        return identity.counters[counter]
    }

    private func wakeWaiters() {
        for waiter in waiters.values where identity.counters[waiter.counter] >= waiter.count { waiter.wake.finish() }
    }
}
