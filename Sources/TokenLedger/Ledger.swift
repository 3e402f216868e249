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
/// It consists of parts. Each owns its tables and knows no other part; its functions say what happened, and the ledger carries that to the next.
package struct Ledger: Sendable {
    package private(set) var configuration: Configuration
    package private(set) var policy: AccessPolicy

    // access tokens: what is held, who waits for it, and who watches it
    var cache = TokenCache()
    var waiters = Waiters()
    var watchers = Watchers()
    // exchanges: what is made next, and what came of those before
    var exchanges = ExchangeScheduler()
    var failures = TokenFailures()
    // what outlives the process
    var grants = Grants()
    var store = StoreQueue()
    // people who sign in and out, and what is asked of servers beside tokens
    var logins = PendingLogins()
    var revocations = Revocations()
    var references = References()
    var errands = Errands()

    var jitter: Jitter
    var isStopping = false
    private var lastID: UInt64 = 0

    /// A token that lives less is worth a warning: most of its life is over when it arrives.
    static let shortLife = Int64.seconds(5)

    /// Uids that may hold a token of their own by rules with a group, over all tokens.
    package static let mostMembers = GroupMembers.most

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
        [
            cache.nextDeadline, waiters.nextDeadline, store.nextDeadline, grants.nextDeadline, references.nextDeadline, revocations.nextDeadline,
            logins.nextDeadline,
        ].compactMap { $0 }.min()
    }

    /// Names a plan, an errand or a job of the store; never used twice in a process.
    mutating func makeID() -> UInt64 {
        lastID += 1
        return lastID
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
