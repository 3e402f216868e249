internal import Glibc
internal import OpenSSL
internal import Systemd
internal import Threads
internal import TokenAudit
package import TokenConfiguration
internal import TokenLedger
internal import TokenStore
internal import TokenWire

/// The whole daemon: puts the rooms together, starts them, keeps systemd informed, and ends them in order.
package final class Daemon {
    private let loop: Loop
    private let audit: AuditLog
    private let exchanger: Exchanger
    private let store: Store
    private let keeper: TokenKeeper
    private let desk: Desk
    /// What the store held at the start, until the ledger has it.
    private var contents: StoreContents
    private let reloader: Reloader
    private let fileLimit: Int
    private let state: StateFolder
    private let status: StatusLine
    private var listeners: [Listener] = []
    private var credentialListeners: [CredentialListener] = []
    private var ownSockets: [String] = []
    private var watchdog: Heartbeat?
    private var clockStep: ClockStepMonitor?
    private var gate: ReadinessGate?
    private var isStopping = false

    /// Reads the configuration, takes the state folder and the sockets and makes everything ready to run; nothing is served yet.
    /// Throws `ConfigurationRefused`, or `SystemError` with what an operator has to mend.
    package init(_ options: DaemonOptions) throws {
        try ThisProcess.harden()
        let reading = readConfigurationForStart(at: options.configuration)
        guard let configuration = reading.configuration?.compacted() else { throw ConfigurationRefused(report: checkReport(reading).lines) }
        fileLimit = try ThisProcess.raiseFileLimit()
        ThisProcess.raisePriority()
        loop = try Loop()
        // before any thread exists, so that all of them leave the signals to the loop
        try Self.takeSignals(on: loop)
        state = try StateFolder(options.state)
        audit = try AuditLog(loop: loop, mode: options.log, required: configuration.auditRequired)
        exchanger = try Exchanger(loop: loop, userAgent: "tokend/\(Release.version)")
        // before any key is there; without locked memory the keys are where all other secrets are
        do throws(OpenSSLError) { try initialiseSecureHeap() } catch { audit.record(AuditEntry(.trouble, reason: "secure-heap", text: error.description)) }
        store = try Store(state: options.state, key: configuration.storeKey, sources: .ofThisProcess)
        try store.messages.open(on: loop) { [unowned store] in store.receive($0) }
        contents = try store.load()
        keeper = try TokenKeeper(configuration, seed: randomUInt64(), pace: .ofThisProcess, loop: loop, exchanger: exchanger, store: store, audit: audit)
        desk = try Desk(loop: loop, limits: configuration.limits)
        reloader = try Reloader(directory: options.configuration, secrets: .ofThisProcess, loop: loop)
        status = try StatusLine(keeper, loop)
        try openSockets(options)
        report(reading)
    }

    /// Serves until SIGTERM or SIGINT, then ends in order. False if something may be lost for that.
    package func run() throws -> Bool {
        Self.onSignal = { [unowned self] in receive($0) }
        loop.afterBatch = { [unowned self] in
            keeper.speak()
            desk.serve()
        }
        keeper.reload = { [unowned self] answer in reload(answer) }
        keeper.readSecrets = { [unowned self] token, answer in readSecrets(of: token, answer) }
        keeper.changed = { [unowned self] in status.touch() }
        clockStep = try ClockStepMonitor(on: loop) { [unowned self] in keeper.clockStepped() }
        if let interval = ServiceManager.watchdogInterval() {
            watchdog = try Heartbeat(on: loop, every: interval / 2) { [unowned self] in feedWatchdog() }
        }
        let resumed = keeper.start(with: contents.found, store.takeTokens())
        if resumed > 0 { audit.record(AuditEntry(.resumed, text: "\(resumed) access token\(resumed == 1 ? "" : "s") from before the restart")) }
        // it would keep the first refresh tokens long after they are spent
        contents.found = []
        gate = try ReadinessGate(keeper, loop) { [unowned self] in
            ThisProcess.releaseStartupMemory()
            ServiceManager.ready(status: status.begin())
        }
        try loop.run()
        keeper.end()
        _ = store.drain(within: Self.grace)
        let atRisk = keeper.atRisk
        for item in atRisk {
            audit.record(AuditEntry(.trouble, priority: .error, token: item.token, reason: "lost-at-end", text: item.text))
        }
        var complaints = atRisk.map(\.text)
        let unwritten = audit.flush(within: Self.grace)
        if unwritten > 0 {
            let decisions = "\(unwritten) decision\(unwritten == 1 ? "" : "s")"
            complaints.append("the journal did not take what was counted of \(decisions); the next tokend tells it, unless this is a stop")
        }
        complain(complaints)
        for path in ownSockets { unlink(path) }
        return atRisk.isEmpty
    }

    /// Turning is not enough: whoever waits at a socket has to be let in.
    private func feedWatchdog() {
        // each is asked: it counts from the last time
        let inattentive = listeners.count { !$0.isAttentive() }
        if inattentive == 0 { ServiceManager.watchdog() }
    }

    // MARK: sockets

    /// systemd's sockets, by their names, or our own.
    private func openSockets(_ options: DaemonOptions) throws {
        for fd in try sockets(named: "clients", orAt: options.socket, mode: 0o666) {
            listeners.append(try Listener(fd: fd, loop: loop, keeper: keeper, desk: desk))
        }
        let credentialSockets = try sockets(named: "credentials", orAt: options.credentialSocket, mode: 0o600)
        // whichever they came from, one of them answers, even if nobody is to ask any more
        var kept = FDStoreConnection.inherited()
        if credentialSockets.isEmpty, !kept.isEmpty {
            credentialListeners.append(try CredentialListener(fd: nil, most: 0, adopting: kept, loop: loop, keeper: keeper))
        }
        for fd in credentialSockets {
            let most = max(CredentialListener.most / credentialSockets.count, 1)
            credentialListeners.append(try CredentialListener(fd: fd, most: most, adopting: kept, loop: loop, keeper: keeper))
            kept = []
        }
    }

    private func sockets(named name: String, orAt path: String?, mode: UInt32) throws -> [Int32] {
        let inherited = inheritedSockets().filter { $0.name == name }.map(\.fd)
        guard inherited.isEmpty, let path else { return inherited }
        let fd = try listen(at: path, mode: mode)
        ownSockets.append(path)
        return [fd]
    }

    // MARK: signals

    private static var onSignal: (Int32) -> Void = { _ in }

    private static func takeSignals(on loop: Loop) throws {
        signal(SIGPIPE, SIG_IGN)
        for number in [SIGTERM, SIGINT, SIGHUP] { try loop.signal(number) { onSignal(number) } }
    }

    private func receive(_ number: Int32) {
        if number == SIGHUP { reload { _ in } } else { stop() }
    }

    /// Everyone who waits is told, what was said is sent, and the loop ends when nobody is left or the grace is over.
    private func stop() {
        guard !isStopping else { return loop.stop() }
        isStopping = true
        ServiceManager.stopping()
        audit.record(AuditEntry(.stopping))
        keeper.stop()
        let began = loop.now
        for listener in listeners { listener.stop() }
        for listener in credentialListeners { listener.stop() }
        farewell = try? Heartbeat(on: loop, every: .seconds(1) / 50) { [unowned self] in
            for listener in listeners { listener.stop() }
            let waited = loop.now - began
            let isHeard = listeners.allSatisfy { $0.connections == 0 } || waited > Self.grace
            // half a refusal would be taken for a credential
            let isRefused = credentialListeners.allSatisfy { $0.connections == 0 }
            if isHeard, (isRefused && !keeper.isSpending) || waited > Self.longestFarewell { loop.stop() }
        }
    }
    private var farewell: Heartbeat?
    private static let grace = Int64.seconds(3)
    /// A refresh token that is with the server is waited for: whatever comes has to reach the disk. `TimeoutStopSec=` is longer.
    private static let longestFarewell = Int64.seconds(35)

    // MARK: configuration

    private func report(_ reading: ConfigurationReading) {
        audit.record(AuditEntry(.started, text: "tokend \(Release.version) with \(Self.count(keeper.ledger.configuration))"))
        note(reading)
        for text in contents.notes { noteStore(text) }
        store.noted = { [unowned self] in noteStore($0) }
    }

    private func noteStore(_ text: String) { audit.record(AuditEntry(.trouble, priority: .notice, reason: "store-note", text: text)) }

    /// Warnings, and the operator's explicit choice to share a token: each is said once a reading.
    private func note(_ reading: ConfigurationReading) {
        audit.noteLimit(.ofThisProcess())
        if let text = keeper.limits.shortage(of: fileLimit) { audit.record(AuditEntry(.trouble, reason: AuditEntry.configuration, text: text)) }
        for problem in reading.problems { audit.record(AuditEntry(.trouble, reason: AuditEntry.configuration, text: problem.description)) }
        for token in keeper.ledger.configuration.tokens.values.sorted(by: { $0.name < $1.name }) where token.shared {
            audit.record(AuditEntry(.sharedToken, token: token.name, consumer: .shared))
        }
    }

    /// Adopts the files as they are now, or keeps what was before and says why.
    private func reload(_ answer: @escaping (Reply) -> Void) {
        // before, its end would be taken for the end of the start
        let isStarted = gate?.isOpen == true
        if isStarted { ServiceManager.reloading() }
        reloader.read { [unowned self] reading in
            defer { if isStarted { ServiceManager.ready(status: status.begin()) } }
            let rows = reading.problems.map { Row.text($0.description) }
            guard let configuration = reading.configuration else {
                for problem in reading.problems where problem.severity == .error {
                    audit.record(AuditEntry(.configurationRefused, .badConfig, text: problem.description))
                }
                let text = "\(rows.count) problem\(rows.count == 1 ? "" : "s"); the old configuration stays"
                return answer(.refused(Refusal(.badConfig, [], text), rows: rows))
            }
            adopt(configuration.compacted(), text: Self.count(configuration))
            note(reading)
            answer(.rows(rows, words: [String(configuration.tokens.count)]))
        }
    }

    private static func count(_ configuration: Configuration) -> String {
        "\(configuration.tokens.count) token\(configuration.tokens.count == 1 ? "" : "s")"
    }

    /// Takes in new secrets of one token, for RENEW. All else in the files waits for RELOAD, also where it is in order.
    private func readSecrets(of token: TokenName, _ answer: @escaping (Result<Bool, TokenKeeper.SecretsUnread>) -> Void) {
        reloader.read(application: String(token.application)) { [unowned self] reading in
            var next = keeper.ledger.configuration
            // it may have been removed by a reload meanwhile
            guard next.tokens[token] != nil else { return answer(.success(false)) }
            switch next.takeSecrets(of: token, from: reading.draft) {
            case .same: answer(.success(false))
            case .replaced:
                adopt(next, text: "the secrets of \"\(token)\" were read anew")
                answer(.success(true))
            case .missing:
                let refusal = Refusal(.badConfig, [], "the secrets of \"\(token)\" cannot be read anew, so nothing was renewed")
                answer(.failure(TokenKeeper.SecretsUnread(refusal: refusal, rows: reading.problems.map { Row.text($0.description) })))
            }
        }
    }

    private func adopt(_ configuration: Configuration, text: String) {
        for (name, application) in keeper.ledger.configuration.applications where configuration.applications[name] != application {
            exchanger.forget(application.server)
        }
        // whom the keeper answers now is told under the new rule already
        audit.isRequired = configuration.auditRequired
        for listener in listeners { listener.configurationChanges() }
        keeper.adopt(configuration)
        desk.limits = configuration.limits
        audit.record(AuditEntry(.configurationLoaded, .allowed, text: text))
    }
}
