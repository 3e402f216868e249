import Glibc
import OAuth
import Secrets
import Systemd
import TestSupport
import Testing
import TokenAudit
import TokenConfiguration
import TokenLedger
import TokenStore
import TokenWire

@testable import TokenDaemon

/// Entries as they are recorded, each as its fields.
final class RecordingSink: AuditSink {
    private(set) var entries: [[AuditField: String]] = []
    /// Whether entries are taken.
    var isOpen = true
    var isJournal: Bool { false }

    func take(_ fields: [(AuditField, String)]) -> Bool {
        if isOpen { entries.append(Dictionary(fields) { first, _ in first }) }
        return isOpen
    }

    func events(_ name: String) -> [[AuditField: String]] { entries.filter { $0[.event] == name } }
}

/// Somebody who asks the keeper without a connection, and writes down what is heard.
final class RecordingAsker: Asker {
    var caller: Caller
    private(set) var replies: [UInt64: Reply] = [:]
    private(set) var moved: [UInt64: UInt64] = [:]
    private(set) var rows: [Row] = []
    private(set) var end: Refusal?

    init(_ caller: Caller) { self.caller = caller }

    var unitForTheRecord: CallerUnit { caller.unit }
    var processForTheRecord: String { "test" }
    func hear(_ number: UInt64, _ reply: Reply) { replies[number] = reply }
    func movedWait(_ number: UInt64, to waiter: UInt64) { moved[number] = waiter }
    func hear(row: Row) { rows.append(row) }
    func hearEnd(_ refusal: Refusal) { end = refusal }
}

/// A keeper with a desk and a loop, and sessions over pairs of sockets: no listener, no network. Every caller is who the test says.
final class SessionHouse {
    let loop: Loop
    let desk: Desk
    let keeper: TokenKeeper
    private let folder: TemporaryFolder
    private let exchanger: Exchanger
    private let guardian: LoopTimer

    let journal = RecordingSink()

    static let alice = Caller(uid: 1000, gid: 1000, pid: 1)
    static let bob = Caller(uid: 1001, gid: 1001, pid: 2)

    /// `tokens` reference tokens, app.t0 to app.tN, each for alice and bob; alice may bring them in.
    init(tokens: Int = 1, _ change: (inout Limits) -> Void = { _ in }, configured: (inout Configuration) -> Void = { _ in }) throws {
        let loop = try Loop()
        self.loop = loop
        guardian = try loop.timer { loop.stop() }
        var configuration = Configuration()
        configuration.applications["app"] = Application(
            name: "app", server: ServerSettings(location: .issuer("https://127.0.0.1:9/id")), client: ClientIdentity(id: "app", authentication: .none))
        for number in 0..<tokens {
            guard let name = TokenName("app.t\(number)") else { continue }
            configuration.tokens[name] = TokenSettings(
                name: name, grant: .reference(ReferenceSettings()), shared: true,
                allow: [
                    AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true, place: "app.toml:1"),
                    AllowEntry(who: PeerPattern(user: NamedID(name: "bob", id: 1001)), place: "app.toml:2"),
                ])
        }
        change(&configuration.limits)
        configured(&configuration)
        folder = try TemporaryFolder()
        exchanger = try Exchanger(loop: loop, userAgent: "tokend/0.test")
        try folder.makeFolder("tokend", mode: 0o700)
        let disk = try Store(
            state: folder.path("tokend"), key: Secret("an old key of thirty-two bytes.."), sources: SecretSources(credentialsDirectory: nil, owner: geteuid()),
            memory: nil, tokens: nil)
        try disk.messages.open(on: loop) { [unowned disk] in disk.receive($0) }
        let audit = try AuditLog(loop: loop, sink: journal, required: false, clock: Clock.boottime)
        keeper = try TokenKeeper(configuration, seed: 1, loop: loop, exchanger: exchanger, store: disk, audit: audit)
        desk = try Desk(loop: loop, limits: configuration.limits)
        loop.afterBatch = { [unowned self] in
            keeper.speak()
            desk.serve()
        }
    }

    isolated deinit { exchanger.stop() }

    /// A session of this caller; what it is told comes out at `b` of the pair. `nil` where there is no place for it.
    func session(of caller: Caller, _ pair: SocketPair) throws -> Session? {
        let share = keeper.policy.share(of: caller)
        guard desk.admits(share) else { return nil }
        let session = Session(fd: pair.takeA(), caller: caller, share: share, keeper: keeper, desk: desk) { _ in }
        try session.open()
        desk.began(session)
        return session
    }

    /// So many turns of the loop; each is one in which something is due.
    func turn(_ count: Int = 1) throws {
        for _ in 0..<count {
            guardian.set(at: 0)
            try loop.run()
        }
    }

    /// Turns until this holds; gives up after a while.
    func turn(until holds: () -> Bool) throws {
        let end = Clock.boottime() + .seconds(120)
        var isDone = holds()
        while !isDone, Clock.boottime() < end {
            try turn()
            isDone = holds()
        }
        #expect(isDone)
    }
}
