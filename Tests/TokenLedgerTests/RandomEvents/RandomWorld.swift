import OAuth
import Secrets
import TestSupport
import TokenWire
@testable import TokenLedger

/// A ledger with everything around it (callers, a disk, identity servers, a clock), all of which do what a seed says.
///
/// It keeps account of every request and remembers each rule of the ledger's contract that is broken: a request answered twice, an answer that nobody
/// asked for, a request that outlives its deadline or the daemon.
struct RandomWorld {
    var ledger: Ledger
    var now = Moment(boot: .seconds(100_000), wall: 1_790_000_000)
    var random: SeededRandom
    private(set) var faults: [String] = []
    /// Requests without an answer, and when each has one at the latest on CLOCK_BOOTTIME; `nil` while a server or the disk has no deadline.
    var requests: [UInt64: Int64?] = [:]
    /// Those whose callers have gone: a sign-out goes on without them, and its answer is dropped.
    private var hungUp: Set<UInt64> = []
    var watchers: [UInt64: CacheKey] = [:]
    var plans: [ExchangePlan] = []
    var errands: [ErrandPlan] = []
    private var disk = RandomDisk()
    private var lastNumber: UInt64 = 0
    private var lastLogin: UInt64 = 0

    init(seed: UInt64) {
        random = SeededRandom(seed)
        ledger = Ledger(Self.configuration(variant: 0), seed: seed, fingerprint: Scene.fingerprint)
        take(ledger.start(at: now))
    }

    // MARK: chance

    mutating func chance(_ part: Int, of whole: Int) -> Bool { Int.random(in: 0..<whole, using: &random) < part }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[Int.random(in: 0..<elements.count, using: &random)] }

    /// A place in a list that is not empty.
    private mutating func place(in count: Int) -> Int? { count == 0 ? nil : Int.random(in: 0..<count, using: &random) }

    mutating func makeNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    // MARK: what the ledger wants done

    mutating func take(_ turn: Turn) {
        disk.tasks += turn.jobs
        plans += turn.plans
        errands += turn.errands
        for (waiter, _) in turn.answers where requests.removeValue(forKey: waiter) == nil && hungUp.remove(waiter) == nil {
            faults.append("request \(waiter) is answered and does not wait")
        }
        for (watcher, _) in turn.rows where watchers[watcher] == nil { faults.append("watcher \(watcher) is told and does not watch") }
        _ = (ledger.takeKeepings(), ledger.takeOutdated())
    }

    // MARK: requests

    mutating func ask(_ patience: Waiter.Patience) {
        let query = TokenQuery(
            name: pick(Self.names), minValid: chance(1, of: 3) ? pick([1, 30, 300, 2000]) : nil, wait: pick([0, 1, 30, 600]),
            scopes: chance(1, of: 4) ? [pick(["read", "update"])] : [])
        guard case .success(var authorised) = ledger.policy.authorise(query, for: pick(Self.callers)) else { return }
        if patience == .ready { authorised = authorised.probe(wait: query.wait) }
        let id = makeNumber()
        requests[id] = .some(now.boot + .seconds(query.wait))
        take(ledger.ask(authorised, waiter: id, patience: patience, at: now))
    }

    mutating func withdraw() {
        guard let id = Array(requests.keys).sorted().randomElement(using: &random) else { return }
        requests[id] = nil
        hungUp.insert(id)
        ledger.withdraw(waiter: id)
    }

    mutating func watch() {
        guard
            case .success(let query) = ledger.policy.authorise(
                TokenQuery(name: pick(Self.names), minValid: chance(1, of: 3) ? 300 : nil), for: pick(Self.callers))
        else { return }
        let id = makeNumber()
        watchers[id] = query.key
        switch ledger.watch(query, watcher: id, at: now) {
        case .failure: watchers[id] = nil
        case .success(let turn): take(turn)
        }
    }

    mutating func unwatch() {
        guard let id = Array(watchers.keys).sorted().randomElement(using: &random), let key = watchers.removeValue(forKey: id) else { return }
        ledger.unwatch(key, watcher: id, at: now)
    }

    mutating func reject() {
        guard case .success(let query) = ledger.policy.authorise(TokenQuery(name: pick(Self.names), wait: pick([0, 30])), for: pick(Self.callers)) else {
            return
        }
        let id = makeNumber()
        requests[id] = .some(now.boot + .seconds(query.wait))
        let (verdict, turn) = ledger.reject(query, id: nil, waiter: id, at: now)
        take(turn)
        switch verdict {
        case .renewing: break
        case .newer, .cooling, .refused: requests[id] = nil
        }
    }

    mutating func renew() {
        var made: [UInt64] = []
        let last = lastNumber
        let token = TokenName(pick(Self.names))!
        let (result, turn) = ledger.renew(
            token, of: Share(.root, .uid(0)),
            waiters: {
                made.append(last + UInt64(made.count) + 1)
                return made.last ?? 0
            }, wait: 30, at: now)
        lastNumber += UInt64(made.count)
        if case .success(let started) = result { for (id, _) in started { requests[id] = .some(now.boot + .seconds(30)) } }
        take(turn)
    }

    // MARK: sign-ins

    mutating func login() {
        let caller = pick(Self.callers)
        guard case .success(let settings) = ledger.policy.authoriseLogin(pick(Self.names), for: caller) else { return }
        lastLogin += 1
        let number = lastLogin
        let entropy = SignInEntropy(
            id: LoginID(number, number), state: Secret("state-\(number)"), nonce: Secret("nonce-\(number)"), verifier: Secret("verifier-\(number)"),
            challenge: "challenge-\(number)")
        let confirmsFirst = chance(1, of: 2)
        request { $0.login(settings, redirectURI: nil, confirmsFirst: confirmsFirst, for: caller, entropy, waiter: $1, at: $2) }
    }

    /// CALLBACK, CONFIRM, CANCEL or AWAIT for one of the last sign-ins.
    mutating func goOnWithLogin() {
        guard lastLogin > 0 else { return }
        let number = UInt64.random(in: (lastLogin > 8 ? lastLogin - 8 : 1)...lastLogin, using: &random)
        let (id, caller) = (LoginID(number, number), ledger.logins[LoginID(number, number)]?.caller ?? pick(Self.callers))
        let answer = pick([
            "code=abc&state=state-\(number)", "code=abc&state=state-\(number)", "error=access_denied&state=state-\(number)", "code=abc&state=other",
        ])
        switch Int.random(in: 0..<8, using: &random) {
        case 0: request { $0.cancel(id, for: caller, waiter: $1, at: $2) }
        case 1: request(within: 30) { $0.awaitLogin(id, for: caller, waiter: $1, wait: 30, at: $2) }
        case 2, 3: request { $0.confirm(id, for: caller, waiter: $1, at: $2) }
        default: request { $0.callback(id, Secret(answer), for: caller, waiter: $1, at: $2) }
        }
    }

    mutating func logout() {
        let (token, caller) = (TokenName(pick(Self.names))!, pick(Self.callers))
        request { $0.logout(token, for: caller, waiter: $1, at: $2) }
    }

    mutating func bringIn() {
        let caller = pick(Self.callers)
        guard case .success(let settings) = ledger.policy.authoriseLogin(pick(Self.names), for: caller) else { return }
        let secret = Secret("imported-\(makeNumber())")
        request { $0.importToken(settings, secret, expires: nil, for: caller, waiter: $1, at: $2) }
    }

    private mutating func request(within seconds: Int? = nil, _ event: (inout Ledger, UInt64, Moment) -> Turn) {
        let id = makeNumber()
        requests[id] = .some(seconds.map { now.boot + .seconds($0) })
        take(event(&ledger, id, now))
    }

    // MARK: the disk and the servers

    /// The disk is done with one job, or not.
    mutating func finishJob() {
        let result = disk.finishAny(&random)
        if let result { take(ledger.stored(result, at: now)) }
    }

    mutating func answerPlan() {
        guard let place = place(in: plans.count) else { return }
        let plan = plans.remove(at: place)
        let number = makeNumber()
        var tokens = IssuedTokens(accessToken: Secret("access-\(number)"), lifetime: pick([nil, 0, 1, 4, 60, 3600, 3600]), scopes: nil)
        tokens.scopes = pick([nil, nil, ["read"], ["openid", "read", "update", "offline_access"], ["openid", "read", "update", "admin", "offline_access"]])
        if plan.grant.bringsRefreshToken, chance(4, of: 5) { tokens.refreshToken = Secret("refresh-\(number)") }
        let outcome: ExchangeOutcome = chance(3, of: 5) ? .success(tokens) : .failure(pick(Self.failures))
        // a refresh token may come beside an answer that is of no use otherwise
        let isTaken = (try? outcome.get()) != nil || chance(1, of: 10)
        let subject = pick(["m.petrova", "m.petrova", "i.ivanov"])
        take(
            ledger.settle(
                ExchangeReport(
                    plan: plan.id, outcome: outcome, sent: now, id: Fingerprint(bits: number), took: 1, successor: isTaken ? tokens.refreshToken : nil,
                    identity: VerifiedIdentity(issuer: "https://id.test", subject: subject, expires: now.wall + 300)), at: now))
    }

    mutating func answerErrand() throws {
        guard let place = place(in: errands.count) else { return }
        let errand = errands.remove(at: place)
        let failure = pick(Self.failures)
        let result: ErrandResult =
            switch errand.errand {
            case .locate: .located(chance(4, of: 5) ? .success(try GrantScene.metadata()) : .failure(failure))
            case .revoke: .revoked(pick([.revoked, .unsupported("it does not revoke"), .failed(failure)]), nil)
            case .probe: .probed(pick([.good(expires: nil), .good(expires: now.wall + 1_000), .refused("the API answered 401"), .unknown(failure)]))
            }
        take(ledger.finished(ErrandReport(id: errand.id, result: result), at: now))
    }

    // MARK: time and configuration

    mutating func pass() {
        // from a millisecond to an hour, each magnitude alike
        let nanoseconds =
            Int64.random(in: 1...10, using: &random) * pick([1_000_000, 10_000_000, 100_000_000, .seconds(1), .seconds(10), .seconds(60), .seconds(360)])
        now = Moment(boot: now.boot + nanoseconds, wall: now.wall + nanoseconds / .seconds(1))
        take(ledger.due(at: now))
        for (id, deadline) in requests { if let deadline, deadline <= now.boot { faults.append("request \(id) waits beyond its deadline") } }
    }

    mutating func stepClock() {
        now = Moment(boot: now.boot, wall: now.wall + Int64.random(in: -7_200...7_200, using: &random))
        take(ledger.clockStepped(to: now))
    }

    mutating func reload() {
        let (orphans, turn) = ledger.adopt(Self.configuration(variant: Int.random(in: 0..<Self.variants, using: &random)), at: now)
        for orphan in orphans {
            if requests.removeValue(forKey: orphan) == nil, watchers.removeValue(forKey: orphan) == nil {
                faults.append("request \(orphan) is orphaned and does not wait")
            }
        }
        take(turn)
    }

    /// The daemon ends, and the next one begins with what is on the disk.
    mutating func restart() {
        take(ledger.stop())
        for _ in 0..<1_000 where ledger.isSpending {
            answerPlan()
            finishJob()
            pass()
        }
        for task in disk.tasks { take(ledger.stored(StoreReport(id: task.id, result: disk.finish(task, isTaken: true)), at: now)) }
        for id in requests.keys.sorted() { faults.append("request \(id) outlives the daemon") }
        faults += ledger.check()
        (requests, watchers, plans, errands) = ([:], [:], [], [])
        disk.tasks = []
        let variant = Int.random(in: 0..<Self.variants, using: &random)
        ledger = Ledger(Self.configuration(variant: variant), seed: random.next(), fingerprint: Scene.fingerprint)
        take(ledger.restore(disk.found(&random), at: now))
        take(ledger.start(at: now))
    }

    mutating func check(after event: String) -> [String] {
        let broken = (faults + ledger.check()).map { "after \(event): \($0)" }
        faults = []
        return broken
    }
}

/// A disk that takes a job or does not. Jobs of one name are done in order.
struct RandomDisk {
    var tasks: [StoreTask] = []
    private var records: [TokenName: StoredRecord] = [:]
    private var intents: [TokenName: Intent] = [:]
    private var revocations: [RevocationKey: Revocation] = [:]

    mutating func finishAny(_ random: inout SeededRandom) -> StoreReport? {
        guard let name = tasks.map(\.job.name).randomElement(using: &random), let place = tasks.firstIndex(where: { $0.job.name == name }) else { return nil }
        let task = tasks.remove(at: place)
        let luck = Int.random(in: 0..<10, using: &random)
        if luck == 0 { return StoreReport(id: task.id, result: .failure(GrantScene.full)) }
        // it may be there or not
        if luck == 1, task.job.isRecord {
            if Bool.random(using: &random) { _ = finish(task, isTaken: true) }
            return StoreReport(id: task.id, result: .failure(GrantScene.halfway))
        }
        return StoreReport(id: task.id, result: finish(task, isTaken: Bool.random(using: &random)))
    }

    /// - Parameter isTaken: whether there is memory that outlives the process.
    mutating func finish(_ task: StoreTask, isTaken: Bool) -> Result<Void, StoreFault> {
        switch task.job {
        case .prepare(let name, let intent): intents[name] = intent
        case .withdraw(let name): intents[name] = nil
        case .commit(let record), .replace(let record):
            records[record.name] = record
            intents[record.name] = nil
        case .remember: return isTaken ? .success(()) : .failure(StoreFault("there is no memory that outlives the process"))
        case .writeRevocation(let revocation): revocations[revocation.key] = revocation
        case .removeRevocation(let key): revocations[key] = nil
        }
        return .success(())
    }

    func found(_ random: inout SeededRandom) -> [Found] {
        var found: [Found] = revocations.values.map { .revocation($0) }
        for (name, record) in records.sorted(by: { $0.key < $1.key }) {
            switch Int.random(in: 0..<12, using: &random) {
            case 0: found.append(.locked(name, reason: "its key is another one"))
            case 1 where intents[name] == nil: found.append(.unsynced(record))
            default: found.append(.record(record, intents[name]))
            }
        }
        return found
    }
}

extension StoreJob {
    fileprivate var isRecord: Bool {
        switch self {
        case .commit, .replace: true
        case .prepare, .withdraw, .remember, .writeRevocation, .removeRevocation: false
        }
    }
}

extension GrantRequest {
    fileprivate var bringsRefreshToken: Bool {
        switch self {
        case .clientCredentials: false
        case .refresh, .authorizationCode: true
        }
    }
}
