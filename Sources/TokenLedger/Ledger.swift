internal import OAuth
package import Secrets
package import TokenWire

/// What is held, what is under way, and what happens next. A value: every event is a `mutating func` that returns what
/// to do, and nothing in here knows a clock, a socket or a disk.
///
///     ask ──► ready                              (held, and lives long enough)
///     ask ──► waiting ──► plan ──► settle ──► answers, rows, events
///     due ──────────────► plan ──► settle ──►       the same tail
///
/// Three things are kept apart. An *entry* is one cached result: token, consumer, scopes, audience. A *credential* is one
/// configured token, and what the server thinks of it. A *server queue* is what waits for one identity server, and how hard we may press it.
package struct Ledger: Sendable {
    package private(set) var configuration: Configuration
    package private(set) var policy: AccessPolicy

    var waiters = Waiters()
    var watchers = Watchers()

    var entries: [CacheKey: Entry] = [:]
    var consumers: [ConsumerKey: ConsumerState] = [:]
    /// Who first asked for a variant of a shared token.
    var payers: [CacheKey: Consumer] = [:]
    var credentials: [TokenName: Credential] = [:]
    var exchanges = ExchangeScheduler()
    /// What people signed in to, and what was brought in: on the disk, whether or not it is configured now.
    var holdings: [TokenName: Holding] = [:]
    var logins = PendingLogins()
    /// What the reports of the store are awaited for, and those of errands.
    var steps: [UInt64: StoreWork] = [:]
    var errands: [UInt64: ErrandPurpose] = [:]
    var imports: [UInt64: Import] = [:]
    var signOuts: [UInt64: SignOut] = [:]
    /// Refresh tokens out of use that their servers have still to revoke, and when each is tried next.
    var revocations: [RevocationKey: PendingRevocation] = [:]
    var attempts = Deadlines<RevocationKey>()
    /// What is in the store alone, as far as that was told.
    var toldUnconfigured: Set<TokenName> = []
    /// Replacements that may or may not be on the disk; each is written again until it is there for certain.
    var unsettled: [UInt64: StoreWork] = [:]
    /// Successors in use that only the memory holds; each is written until it is on the disk.
    var unsynced: [UInt64: StoredRecord] = [:]
    /// Of the exchanges that send a refresh token.
    var rotations: [UInt64: Rotation] = [:]
    private var lastID: UInt64 = 0
    var schedule = Deadlines<CacheKey>()
    /// Of steps to the disk.
    var overdue = Deadlines<UInt64>()
    var keepAlives = Deadlines<TokenName>()
    var warnings = Deadlines<TokenName>()
    /// Reference tokens that are looked at now and then, and when each is next.
    var probes: [TokenName: ProbeState] = [:]
    var looks = Deadlines<TokenName>()
    /// Members of groups who hold a token of their own: of each token, and of all.
    var crowds: [TokenName: FairHoldings<ConsumerKey>] = [:]
    var members = FairHoldings<ConsumerKey>(Ledger.memberBounds())
    /// Whose token that outlives the process may be another one than before.
    var unsettledKeepings: Set<CacheKey> = []
    var outdated = OutdatedReplies()
    var jitter: Jitter
    var isStopping = false
    /// CLOCK_BOOTTIME of the last request that had to be thought about.
    var latest: Int64 = 0

    static let variantsPerConsumer = 8
    /// A token that lives less is worth a warning: most of its life is over when it arrives.
    static let shortLife = Int64.seconds(5)

    let pace: Pace
    let fingerprint: @Sendable (Secret) -> Fingerprint

    /// - Parameters:
    ///   - seed: random; the jitter of every schedule comes from it.
    ///   - fingerprint: of a token; SHA-256 is at the edge.
    package init(_ configuration: Configuration, seed: UInt64, pace: Pace = Pace(), fingerprint: @escaping @Sendable (Secret) -> Fingerprint) {
        self.configuration = configuration
        self.pace = pace
        self.fingerprint = fingerprint
        policy = AccessPolicy(configuration)
        jitter = Jitter(seed: seed)
    }

    /// When `due` wants to be called next, on CLOCK_BOOTTIME.
    package var nextDeadline: Int64? {
        [schedule.next, waiters.nextDeadline, overdue.next, keepAlives.next, warnings.next, looks.next, attempts.next, logins.nextDeadline].compactMap { $0 }.min()
    }

    /// Names a plan, an errand or a job of the store; never used twice in a process.
    mutating func makeID() -> UInt64 {
        lastID += 1
        return lastID
    }

    /// Puts a token into its place.
    mutating func setHeld(_ held: HeldToken, _ key: CacheKey) {
        guard entries[key] != nil else { return }
        entries[key]?.held = held
        let until = credentials[key.token]?.servableUntil ?? 0
        credentials[key.token]?.servableUntil = max(until, held.until)
    }

    mutating func replaceConfiguration(_ next: Configuration) {
        configuration = next
        policy = AccessPolicy(next)
    }
}

/// What has to be done after an event: hand jobs to the store, plans and errands to the exchange, answers to those who wait, rows to those who watch,
/// events to the audit. In that order nothing can be lost: all of it is already decided.
package struct Turn: Sendable {
    package var jobs: [StoreTask] = []
    package var plans: [ExchangePlan] = []
    package var errands: [ErrandPlan] = []
    package var answers: [(waiter: UInt64, answer: Answer)] = []
    package var rows: [(watcher: UInt64, row: WatchRow)] = []
    package var events: [LedgerEvent] = []

    package init() {}
}

/// Replies given before that might be given differently now.
package struct OutdatedReplies: Sendable {
    /// Those of these cached tokens.
    package var keys: Set<CacheKey>
    /// All there are: other rules, another time of day.
    package var isAll: Bool

    package var isEmpty: Bool { keys.isEmpty && !isAll }

    package init(keys: Set<CacheKey> = [], isAll: Bool = false) { (self.keys, self.isAll) = (keys, isAll) }
}

/// What a waiting request is told.
package enum Answer: Sendable {
    case token(HeldToken)
    case refused(Refusal)
    /// of LOGIN, CALLBACK, CONFIRM, AWAIT, LOGOUT and IMPORT
    case signIn(SignInAnswer)
}

/// What a watcher is told.
package enum WatchRow: Sendable {
    case token(HeldToken)
    case trouble(TokenState, reason: String)
}

/// One cached result and everything under way for it.
struct Entry: Sendable {
    // the small ones come where a larger one leaves room: ten thousand entries are ten thousand times this
    var held: HeldToken?
    /// Asked for since the present token came: worth renewing.
    var isAsked = false
    /// A caller reported the present token as refused by an API; it is served only if no other can be had.
    var isRejected = false
    /// A caller ever reported it: it does not outlive the process.
    var isDisowned = false
    /// Why it is wanted anew before its time, by an administrator, a watcher or whoever reported it; it is tried until that brings one.
    var wantedAnew: Cause?
    /// Spread of the renewal, 0 ..< 1; drawn anew with each token.
    var spread: Float = 0
    /// Why the last exchange brought nothing.
    @Rare var trouble: Trouble? = nil
    /// Nanoseconds: the longest promise asked for during the present token's life.
    var pressure: Int64 = 0
    /// The last token's life in nanoseconds: what this server can promise.
    var knownLifetime: Int64?
    var lastAsked: Int64 = 0

    var isWantedAnew: Bool { wantedAnew != nil }

    mutating func press(_ promise: Int64) { pressure = max(pressure, promise) }
}

/// Why an exchange is made, in the words of `TOKEND_CAUSE`.
package enum Cause: String, Sendable, CaseIterable {
    /// somebody asked, and what was held, if anything, would not do
    case asked
    /// the held token was used and comes to its end
    case due
    /// the held token has ended while somebody watched it, or it is kept
    case expired
    /// an API did not take the held token
    case rejected
    /// an administrator's RENEW
    case administrator
    /// the last try failed
    case retry
    /// somebody waits for readiness (WAIT): tried on the daemon's own account
    case wait
    /// the daemon has started, and the token is kept without being asked for
    case start
    /// the refresh token would die of idleness
    case idle
    /// a person has just signed in
    case signIn = "sign-in"
}

/// A failure as it is told to those who ask, until the next success.
struct Trouble: Sendable {
    var refusal: Refusal
    /// CLOCK_BOOTTIME of the next try by itself, where only RENEW, a reload or a change at the server is expected to help. Until then everybody is
    /// told at once.
    var retry: Int64?

    func isFinal(at boot: Int64) -> Bool { retry.map { $0 > boot } ?? false }
}

struct ConsumerKey: Hashable, Sendable {
    var token: TokenName
    var consumer: Consumer
}

/// What one consumer of one token has: its cached variants and its budget.
struct ConsumerState: Sendable {
    /// The one that was served last, if any was, is the first.
    private(set) var variants = CacheKeys()
    var budget: Budget
    private var isFirstServed = false

    init(budget: Budget) { self.budget = budget }

    var lastServed: CacheKey? { isFirstServed ? variants.first : nil }

    mutating func open(_ key: CacheKey) { variants.append(key) }

    mutating func close(_ key: CacheKey) {
        if lastServed == key { isFirstServed = false }
        variants.removeAll { $0 == key }
    }

    mutating func serve(_ key: CacheKey) {
        guard let place = variants.firstIndex(of: key) else { return }
        variants.swapAt(0, place)
        isFirstServed = true
    }
}

/// One configured token, and how its server last took it.
struct Credential: Sendable {
    /// Grows when the configuration of this token changes: what was sent under an older one is not published.
    let generation: UInt64
    /// Its cached results.
    var entries = CacheKeys()
    /// CLOCK_BOOTTIME from which on none of what was ever held of it can be served.
    var servableUntil: Int64 = 0
    @Rare private var hardship: Hardship? = nil

    init(generation: UInt64 = 0) { self.generation = generation }

    /// The same token after its settings changed. What was told of it is still to be told to be over.
    init(after before: Credential) {
        generation = before.generation + 1
        told = before.told
    }
}

/// What did not go well with a credential; most have none.
private struct Hardship: Sendable {
    var backoff = Backoff()
    var refusal: Trouble?
    var failure: ExchangeFailure?
    var silentSince: Int64?
    var isShortLived = false
    var lastTrouble: Int64?
    var told: [CacheKey: Int] = [:]

    var isOver: Bool {
        backoff == Backoff() && refusal == nil && failure == nil && silentSince == nil && !isShortLived && lastTrouble == nil && told.isEmpty
    }
}

extension Credential {
    var backoff: Backoff {
        get { hardship?.backoff ?? Backoff() }
        set { change { $0.backoff = newValue } }
    }

    /// Refused until somebody changes something, as far as anybody knows.
    var refusal: Trouble? {
        get { hardship?.refusal }
        set { change { $0.refusal = newValue } }
    }

    var failure: ExchangeFailure? {
        get { hardship?.failure }
        set { change { $0.failure = newValue } }
    }

    /// CLOCK_BOOTTIME of the first of the answers in a row that carried no readable error.
    var silentSince: Int64? {
        get { hardship?.silentSince }
        set { change { $0.silentSince = newValue } }
    }

    /// It was warned of that its tokens live hardly long enough to be used.
    var isShortLived: Bool {
        get { hardship?.isShortLived ?? false }
        set { change { $0.isShortLived = newValue } }
    }

    /// The server has issued a token, or an administrator wants it tried: no pause and no refusal is left.
    mutating func forgive() {
        guard hardship != nil else { return }
        change { ($0.backoff, $0.refusal, $0.failure, $0.silentSince) = (Backoff(), nil, nil, nil) }
    }

    /// CLOCK_BOOTTIME at which an administrator last had it renewed, or an exchange last failed.
    var lastTrouble: Int64? {
        get { hardship?.lastTrouble }
        set { change { $0.lastTrouble = newValue } }
    }

    /// How many failures were told of what each consumer asks for. Only a token ends them: neither RENEW nor a reload shows that the trouble
    /// is over.
    var told: [CacheKey: Int] {
        get { hardship?.told ?? [:] }
        set { change { $0.told = newValue } }
    }

    /// A failure is told of this consumer and what it asks for.
    mutating func noteTold(_ key: CacheKey) {
        if told.count < Self.mostTold || told[key] != nil { told[key, default: 0] += 1 }
    }
    // an outage may be met by one instance of a unit after the other; the end is told of the first of them
    private static let mostTold = 256

    private mutating func change(_ change: (inout Hardship) -> Void) {
        var next = hardship ?? Hardship()
        change(&next)
        hardship = next.isOver ? nil : next
    }
}
