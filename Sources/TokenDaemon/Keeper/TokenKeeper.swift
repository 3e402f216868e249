internal import Codecs
internal import OpenSSL
internal import Secrets
internal import Systemd
internal import TokenAudit
internal import TokenLedger
internal import TokenStore
internal import TokenWire

/// Drives the ledger: puts every event to it and does what it returns, in the same turn of the loop.
///
/// An exchange belongs to the keeper, not to whoever asked: a client that hangs up cancels nothing.
final class TokenKeeper {
    private(set) var ledger: Ledger
    let audit: AuditLog
    private let loop: Loop
    private let exchanger: Exchanger
    private let store: Store
    private var timer: LoopTimer?
    private var armed: Int64?
    var pending: [UInt64: Pending] = [:]
    var watchers: [UInt64: Watcher] = [:]
    var batches: [UInt64: RenewBatch] = [:]
    /// Units' credentials that met a limit: the waiters, in order, and when they are asked for again.
    var postponed: [UInt64] = []
    private(set) var postponement: LoopTimer?
    private var lastNumber: UInt64 = 0
    private var deliveries: [() -> Void] = []
    /// What the ledger decided and is still to be told, in its order.
    private var untold = FIFO<Telling>()
    /// There may be something untold: after most batches there is not, and not even a clock is read.
    private var isTelling = false
    private var nextSlice: LoopTimer?
    private var replies = ReplyCache()
    /// Which limit callers met that was told, until there is room again.
    private var limit: ConnectionCounters.Limit?
    // what METRICS tells beside the ledger and the audit
    private(set) var exchanges = ExchangeCounters()
    private(set) var storeCounters = StoreCounters()
    private(set) var delays = Histogram.ofDelays
    var connections = ConnectionCounters()
    let began: Int64
    private(set) var isStopping = false

    /// Reads the configuration anew and calls back, later, with what to tell the administrator.
    var reload: ((@escaping (Reply) -> Void) -> Void)?
    /// Reads the secrets of one token anew and calls back, later, with whether they are others than before.
    var readSecrets: ((TokenName, @escaping (Result<Bool, SecretsUnread>) -> Void) -> Void)?
    /// Something that `systemctl status` should say has changed.
    var changed: () -> Void = {}

    /// With anything scheduled at all, the ledger is looked at this often: a deadline computed wrongly costs this much at most.
    private static let longestSleep = Int64.seconds(30)

    init(
        _ configuration: Configuration, seed: UInt64, pace: Pace = Pace(), loop: Loop, exchanger: Exchanger, store: Store, audit: AuditLog
    ) throws(SystemError) {
        ledger = Ledger(configuration, seed: seed, pace: pace, fingerprint: { Fingerprint(of: $0) })
        self.loop = loop
        self.exchanger = exchanger
        self.store = store
        self.audit = audit
        began = loop.now
        timer = try loop.timer { [unowned self] in wake() }
        postponement = try loop.timer { [unowned self] in resumePostponed() }
        // it only has to make the loop turn: `speak` follows every turn
        nextSlice = try loop.timer {}
        exchanger.finished = { [unowned self] report in
            exchanges.ended(report)
            perform(ledger.settle(report, at: now))
        }
        exchanger.errandFinished = { [unowned self] report in perform(ledger.finished(report, at: now)) }
        store.reported = { [unowned self] report in
            storeCounters.ended(report, at: loop.now)
            perform(ledger.stored(report, at: now))
        }
    }

    var policy: AccessPolicy { ledger.policy }
    var limits: Limits { ledger.configuration.limits }
    var turns: UInt64 { loop.turns }
    var now: Moment { Moment(boot: loop.now, realtime: Clock.realtime()) }

    /// Takes in what the store held, and begins what is kept without being asked for. Returns how many access tokens go on from an earlier process.
    func start(with found: [Found], _ tokens: [KeptToken]) -> Int {
        perform(ledger.restore(found, at: now))
        let resumed = ledger.resume(tokens, at: now)
        perform(ledger.start(at: now))
        return resumed
    }

    /// Whether something is under way that must come to its end: a refresh token that is with the server, or on its way to the disk.
    var isSpending: Bool { ledger.isSpending }

    /// What is lost with this process, or may be.
    var atRisk: [AtRisk] { ledger.atRisk.sorted() }

    /// Answers everyone who still waits; begins nothing more. What `isSpending` goes on, and `end` ends it.
    func stop() {
        isStopping = true
        perform(ledger.stop())
        endPostponed()
        for watcher in watchers.values { deliver { watcher.asker.hearEnd(.stopping) } }
        watchers = [:]
        speak()
    }

    /// The last thing before the loop ends.
    func end() { exchanger.stop() }

    func clockStepped() { perform(ledger.clockStepped(to: now)) }

    /// Drops what is counted or kept under names that the configuration no longer has. Every reply given before is outdated by now.
    func forgetUnconfigured() {
        let configuration = ledger.configuration
        exchanges.keepOnly(configuration.applications.keys)
        audit.forget { configuration.tokens[$0] == nil }
        exchanger.forgetServers(except: Set(configuration.applications.values.map(\.server)))
        dropReplies(all: true)
    }

    // MARK: the hot path

    /// The reply to this line if it was given before and still holds; then it is counted. Nothing is parsed, authorised or looked up.
    @inline(__always)
    func repeated(_ line: UnsafeRawBufferPointer, for caller: Caller) -> CachedReply? {
        guard let reply = replies.find(line, from: caller), reply.isCurrent(at: loop.now), audit.again(reply.slot) else { return nil }
        return reply
    }

    /// Remembers the reply to this line: the next caller who asks the same gets it from `repeated`.
    func remember(_ ready: Ready, _ form: CachedReply.Form, _ line: UnsafeRawBufferPointer, for caller: Caller, slot: AuditSlot) {
        replies.keep(CachedReply(line, form, ready, for: caller, slot: slot), at: loop.now)
    }

    /// Lets go of replies that no longer hold, or of all where nobody is left to ask: they keep spent tokens in memory.
    func dropReplies(all: Bool) {
        if all { replies.removeAll() } else { replies.dropStale(at: loop.now) }
    }

    /// Records a decision about an asker; the first of its kind with the unit it runs in and the name of its process.
    @discardableResult
    func record(_ entry: AuditEntry, of asker: any Asker) -> AuditReceipt? {
        var entry = entry
        entry.share = entry.share ?? policy.share(of: asker.caller)
        guard audit.isNew(entry) else { return audit.record(entry) }
        if entry.caller?.unit == .untold { entry.caller?.unit = asker.unitForTheRecord }
        entry.comm = asker.processForTheRecord
        return audit.record(entry)
    }

    /// Records something that happened, about whom it is.
    private func recordEvent(_ entry: AuditEntry) {
        var entry = entry
        if let caller = entry.caller {
            entry.share = policy.share(of: caller)
        } else if let consumer = entry.consumer, let token = entry.token {
            entry.share = policy.share(of: consumer, for: token)
        }
        audit.record(entry)
    }

    // MARK: doing what the ledger says

    /// Puts an event to the ledger and does what it returns. The answer for `mine` is given back, all others are delivered between turns.
    @discardableResult
    func perform(_ turn: Turn, mine: UInt64? = nil) -> Answer? {
        var own: Answer?
        for task in turn.jobs {
            storeCounters.began(task, at: loop.now)
            store.perform(task)
        }
        for plan in turn.plans {
            exchanges.began(plan)
            exchanger.perform(plan)
        }
        for errand in turn.errands { exchanger.perform(errand) }
        keepTokens()
        replies.drop(ledger.takeOutdated())
        for event in turn.events { recordEvent(AuditEntry(event, ledger.configuration, at: now)) }
        for (waiter, answer) in turn.answers {
            if waiter == mine { own = answer } else { tellLater(.answer(waiter: waiter, answer)) }
        }
        for (id, row) in turn.rows { tellLater(.row(watcher: id, row)) }
        if !turn.events.isEmpty { changed() }
        arm()
        #if DEBUG
        if ledger.isSmall, let fault = ledger.check().first { assertionFailure("the ledger contradicts itself: \(fault)") }
        #endif
        return own
    }

    /// What is handed out from now on is there after a crash.
    func keepTokens() {
        for (key, token) in ledger.takeKeepings() { store.keep(token, of: key) }
    }

    /// Runs one event on the ledger.
    func put<R>(_ event: (inout Ledger) -> R) -> R {
        defer { replies.drop(ledger.takeOutdated()) }
        return event(&ledger)
    }

    // MARK: telling

    /// What is told to one connection, or found out about it.
    enum Telling {
        case answer(waiter: UInt64, Answer)
        case row(watcher: UInt64, WatchRow)
        /// After a reload: what it waits for, or watches, may be another's by now. `isOrphan`: the ledger has dropped it already.
        case revisedWaiter(UInt64, isOrphan: Bool)
        case revisedWatcher(UInt64, isOrphan: Bool)
    }

    func tellLater(_ telling: Telling) {
        untold.append(telling)
        isTelling = true
    }

    /// Hands over what was decided. Called by the loop after each batch. Thousands may wait for one token: what takes longer than a slice of
    /// time goes on in the next turn, when others have been heard.
    func speak() {
        flush()
        guard isTelling else { return }
        let end = Clock.boottime() + Self.slice
        while Clock.boottime() < end, let telling = untold.removeFirst() {
            tell(telling)
            flush()
        }
        isTelling = !untold.isEmpty
        if isTelling { nextSlice?.set(at: loop.now) }
    }
    private static let slice = Int64.seconds(1) / 1_000

    private func tell(_ telling: Telling) {
        switch telling {
        case .answer(let waiter, let answer): resolve(waiter, answer)
        case .row(let watcher, let row): tell(watcher, row)
        case .revisedWaiter(let waiter, let isOrphan): reviseWaiter(waiter, isOrphan: isOrphan)
        case .revisedWatcher(let watcher, let isOrphan): reviseWatcher(watcher, isOrphan: isOrphan)
        }
    }

    private func flush() {
        while !deliveries.isEmpty {
            let due = deliveries
            deliveries = []
            for delivery in due { delivery() }
        }
    }

    func deliver(_ delivery: @escaping () -> Void) { deliveries.append(delivery) }

    func makeNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    private func wake() {
        if let armed { delays.add(loop.now - armed) }
        armed = nil
        perform(ledger.due(at: now))
    }

    func arm() {
        guard let next = ledger.nextDeadline else { return }
        let deadline = min(next, loop.now + Self.longestSleep)
        if let armed, armed <= deadline, armed > loop.now { return }
        armed = deadline
        timer?.set(at: deadline)
    }

    func resolve(_ waiter: UInt64, _ answer: Answer) {
        guard let request = pending.removeValue(forKey: waiter) else { return }
        switch request.kind {
        case .renew(let batch, let key): renewed(batch, key, answer)
        case .credential(let id):
            guard let reply = credentialReply(id, answer, request) else { return postpone(waiter, request) }
            deliver { request.asker.hear(request.number, reply) }
        case .token(let wanted):
            if case .token(let held) = answer, !isServed(held.id, authorised(wanted, for: request.asker.caller)) {
                // it has waited for its slice of time, and is not what the caller gets now
                pending[waiter] = request
                return reviseWaiter(waiter, isOrphan: false)
            }
            let reply = reply(to: request.kind, answer, for: request.asker)
            deliver { request.asker.hear(request.number, reply) }
        case .reject, .wait, .signIn:
            let reply = reply(to: request.kind, answer, for: request.asker)
            deliver { request.asker.hear(request.number, reply) }
        }
    }

    /// The asker has gone.
    func withdraw(_ waiters: [UInt64]) {
        for waiter in waiters {
            pending[waiter] = nil
            ledger.withdraw(waiter: waiter)
        }
    }

    /// A connection was turned away.
    func noteLimit(_ caller: Caller?) {
        let met = caller == nil ? ConnectionCounters.Limit.descriptors : .connections
        connections.turnedAway(for: met)
        sayLimit(met, caller)
    }

    /// Somebody who is connected has to wait for a descriptor.
    func noteShortage() { sayLimit(.descriptors, nil) }

    /// Said once, until there is room again.
    private func sayLimit(_ met: ConnectionCounters.Limit, _ caller: Caller?) {
        guard limit == nil else { return }
        limit = met
        recordEvent(AuditEntry(.limitReached, .busy, caller: caller, reason: met.rawValue))
    }

    /// There is room again: for whatever was short, or for `what`.
    func noteRoom(for what: ConnectionCounters.Limit? = nil) {
        guard let met = limit, what == nil || what == met else { return }
        limit = nil
        audit.record(AuditEntry(.limitCleared, reason: met.rawValue))
    }
}
