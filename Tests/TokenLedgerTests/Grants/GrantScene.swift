import OAuth
import Secrets
import Testing
import TokenWire
@testable import TokenLedger

/// A ledger with a sign-in and a reference token, a disk and a server that do what the test says, and a clock driven by hand.
struct GrantScene {
    static let user = TokenName("portal.user")!
    static let pat = TokenName("portal.pat")!
    static let alice = Caller(uid: 1000, gid: 1000, pid: 7)
    static let reader = Caller(uid: 1001, gid: 1001, pid: 8)
    static let stranger = Caller(uid: 1002, gid: 1002, pid: 9)

    var ledger: Ledger
    var now = Moment(boot: .seconds(100_000), wall: 1_790_000_000)
    /// What is on the disk, in the order in which it came there.
    var disk: [TokenName: StoredRecord] = [:]
    var intents: [TokenName: Intent] = [:]
    var revocations: [RevocationKey: Revocation] = [:]
    var jobs: [StoreTask] = []
    /// What the disk does with a job: takes it, refuses it, or (nil) lets it wait in `jobs`.
    var diskAnswer: Result<Void, StoreFault>? = .success(())
    /// Whether there is memory that outlives the process, and what was put there.
    var memoryWorks = false
    var remembered: [StoredRecord] = []
    var plans: [ExchangePlan] = []
    var errands: [ErrandPlan] = []
    var answers: [UInt64: Answer] = [:]
    var rows: [WatchRow] = []
    var events: [LedgerEvent] = []
    private var lastWaiter: UInt64 = 0

    init(seed: UInt64 = 1, _ change: (inout TokenSettings, inout SignInSettings) -> Void = { _, _ in }) {
        ledger = Ledger(GrantScene.configuration(change), seed: seed, fingerprint: Scene.fingerprint)
        run { $0.start(at: $1) }
    }

    /// portal.user for alice (who signs in) and a reader; portal.pat, to be imported, for alice.
    static func configuration(_ change: (inout TokenSettings, inout SignInSettings) -> Void = { _, _ in }) -> Configuration {
        var signIn = SignInSettings(redirectURIs: ["http://127.0.0.1:53177/callback"])
        var token = TokenSettings(
            name: user, grant: .clientCredentials, scopes: ["openid", "read", "update", "offline_access"], shared: true,
            allow: [
                AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true, place: "portal.toml:20"),
                AllowEntry(who: PeerPattern(user: NamedID(name: "reader", id: 1001)), scopes: ["openid", "read"], place: "portal.toml:21"),
            ])
        change(&token, &signIn)
        token.grant = .authorizationCode(signIn)
        var configuration = Configuration()
        configuration.applications["portal"] = Scene.application("portal")
        configuration.tokens[user] = token
        configuration.tokens[pat] = TokenSettings(
            name: pat, grant: .reference(ReferenceSettings()), header: .apiKey,
            allow: [AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true, place: "portal.toml:30")])
        return configuration
    }

    mutating func pass(_ seconds: Double) {
        let nanoseconds = Int64(seconds * 1e9)
        now = Moment(boot: now.boot + nanoseconds, wall: now.wall + Int64(seconds))
    }

    /// Puts an event to the ledger and does what it wants of the disk; what it wants of the server is collected.
    mutating func run(_ event: (inout Ledger, Moment) -> Turn) {
        take(event(&ledger, now))
    }

    mutating func take(_ turn: Turn) {
        plans += turn.plans
        errands += turn.errands
        events += turn.events
        rows += turn.rows.map(\.row)
        for (waiter, answer) in turn.answers { answers[waiter] = answer }
        for task in turn.jobs {
            if case .remember = task.job { finish(task) } else if let diskAnswer { finish(task, diskAnswer) } else { jobs.append(task) }
        }
    }

    /// The disk is done with a job.
    mutating func finish(_ task: StoreTask, _ result: Result<Void, StoreFault> = .success(())) {
        var result = result
        if case .success = result, let fault = unwritable(task.job) { result = .failure(fault) }
        if case .success = result {
            switch task.job {
            case .prepare(let name, let intent): intents[name] = intent
            case .withdraw(let name): intents[name] = nil
            case .remember(let record): remembered.append(record)
            case .writeRevocation(let revocation): revocations[revocation.key] = revocation
            case .removeRevocation(let key): revocations[key] = nil
            case .commit(let record), .replace(let record):
                disk[record.name] = record
                intents[record.name] = nil
            }
        }
        take(ledger.stored(StoreReport(id: task.id, result: result), at: now))
    }

    /// What the real store could not write, this one does not take.
    private func unwritable(_ job: StoreJob) -> StoreFault? {
        switch job {
        case .prepare, .withdraw, .removeRevocation: return nil
        case .writeRevocation(let revocation):
            let read = try? Revocation(bytes: revocation.bytes())
            return read == revocation ? nil : StoreFault("read back as another revocation")
        case .remember: return memoryWorks ? nil : StoreFault("nobody keeps it")
        case .commit(let record), .replace(let record):
            do {
                let read = try StoredRecord(bytes: try record.bytes())
                return read == record ? nil : StoreFault("read back as another record")
            } catch {
                return StoreFault("\(error)")
            }
        }
    }

    /// The disk is done with everything that waits for it.
    mutating func finishJobs(_ result: Result<Void, StoreFault> = .success(())) {
        while !jobs.isEmpty { finish(jobs.removeFirst(), result) }
    }

    /// The disk works again, and what was put off has been done.
    mutating func settleDown() {
        diskAnswer = .success(())
        pass(60)
        due()
    }

    mutating func due() { run { $0.due(at: $1) } }

    func makeWaiter(_ last: inout UInt64) -> UInt64 {
        last += 1
        return last
    }

    // MARK: requests

    @discardableResult
    mutating func get(
        _ caller: Caller = alice, minValid: Int? = nil, wait: Int = 30, scopes: [String] = [], name: TokenName = user
    ) throws -> UInt64 {
        lastWaiter += 1
        let query = TokenQuery(name: name.description, minValid: minValid, wait: wait, scopes: scopes)
        take(ledger.ask(try ledger.policy.authorise(query, for: caller).get(), waiter: lastWaiter, at: now))
        return lastWaiter
    }

    mutating func request(_ event: (inout Ledger, UInt64, Moment) -> Turn) -> UInt64 {
        lastWaiter += 1
        take(event(&ledger, lastWaiter, now))
        return lastWaiter
    }

    func token(_ waiter: UInt64) -> HeldToken? { if case .token(let held)? = answers[waiter] { held } else { nil } }
    func refusal(_ waiter: UInt64) -> Refusal? { if case .refused(let refusal)? = answers[waiter] { refusal } else { nil } }
    func signIn(_ waiter: UInt64) -> SignInAnswer? { if case .signIn(let answer)? = answers[waiter] { answer } else { nil } }
    func reason(_ waiter: UInt64) -> String? { refusal(waiter)?.fields.first { $0.key == "reason" }?.value }

    // MARK: the server

    /// The refresh token that the last plan sends.
    var sentToken: String? {
        guard case .refresh(let secret, _, _, _)? = plans.last?.grant else { return nil }
        return secret.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// The last plan's answer.
    mutating func answer(
        _ outcome: ExchangeOutcome, successor: String? = nil, identity: String? = nil, to plan: ExchangePlan? = nil, sent: Moment? = nil,
        isRequested: Bool = true
    ) {
        guard let plan = plan ?? plans.last else { return }
        let token = try? outcome.get().accessToken
        take(
            ledger.settle(
                ExchangeReport(
                    plan: plan.id, outcome: outcome, sent: sent ?? now, id: token.map(Scene.fingerprint), took: 5_000_000,
                    successor: successor.map { Secret($0) },
                    identity: identity.map { VerifiedIdentity(issuer: "https://id.test", subject: $0, expires: now.wall + 300) },
                    isRequested: isRequested),
                at: now))
    }

    /// The last plan succeeds with an access token and, if named, a new refresh token.
    mutating func grant(_ access: String = "access-1", refresh: String? = nil, life: Int64? = 3600, scopes: [String]? = nil, identity: String? = nil) {
        var tokens = IssuedTokens(accessToken: Secret(access), lifetime: life, scopes: scopes)
        tokens.refreshToken = refresh.map { Secret($0) }
        answer(.success(tokens), successor: refresh, identity: identity)
    }

    static let invalidGrant = ExchangeFailure(
        law: .no, reach: .credential, oauthError: "invalid_grant", status: 400, text: "'https://id.test/token' answered 400 invalid_grant")
    static let lost = ExchangeFailure(law: .unknown, reach: .credential, text: "the connection was reset before the answer was whole")
    static let full = StoreFault("cannot write '/var/lib/tokend/grants/portal.user.next': No space left on device", isFull: true)

    static let halfway = StoreFault("cannot move a file to '/var/lib/tokend/grants/portal.user': input/output error", mayBeThere: true)

    // MARK: being signed in

    static func record(_ refresh: String = "refresh-1", subject: String? = "m.petrova", generation: UInt64 = 1, ago: Int64 = 0) -> StoredRecord {
        StoredRecord(
            name: user, kind: .refresh, binding: RecordBinding(server: "https://id.test", clientID: "portal", grant: "authorization_code", subject: subject),
            generation: generation, grant: 1, secret: Secret(refresh), scopes: ["openid", "read", "update", "offline_access"], signedIn: 1_790_000_000 - ago,
            rotated: 1_790_000_000 - ago, isProven: true)
    }

    /// As after a restart with a sign-in on the disk.
    static func signedIn(
        _ record: StoredRecord = record(), intent: Intent? = nil, seed: UInt64 = 1, _ change: (inout TokenSettings, inout SignInSettings) -> Void = { _, _ in }
    ) -> GrantScene {
        var scene = GrantScene(seed: seed, change)
        scene.disk[user] = record
        scene.intents[user] = intent
        scene.run { $0.restore([.record(record, intent)], at: $1) }
        scene.run { $0.start(at: $1) }
        return scene
    }

    var key: CacheKey { ledger.configuration.tokens[Self.user]!.soleKey }
    var state: TokenState { ledger.status(of: Self.user, at: now).state }
    func stored(_ name: TokenName = user) -> String? { disk[name]?.secret.withBytes { String(decoding: $0, as: UTF8.self) } }
}
