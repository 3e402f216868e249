internal import OAuth
internal import TokenWire

/// What went wrong with the exchanges of each configured token, and how long it is left alone. Most have no row.
struct TokenFailures: Sendable {
    struct Row: Sendable {
        fileprivate(set) var backoff = Backoff()
        /// Refused until somebody changes something, as far as anybody knows.
        fileprivate(set) var refusal: Trouble?
        fileprivate(set) var failure: ExchangeFailure?
        /// CLOCK_BOOTTIME of the first of the answers in a row that carried no readable error.
        fileprivate(set) var silentSince: Int64?
        /// It was warned of that its tokens live hardly long enough to be used.
        fileprivate var isShortLived = false
        /// CLOCK_BOOTTIME at which an administrator last had it renewed, or an exchange last failed.
        fileprivate(set) var lastTrouble: Int64?
        /// How many failures were told of what each consumer asks for. Only a token ends them: neither RENEW nor a reload shows that the trouble
        /// is over.
        fileprivate(set) var told: [CacheKey: Int] = [:]

        fileprivate var isOver: Bool {
            backoff == Backoff() && refusal == nil && failure == nil && silentSince == nil && !isShortLived && lastTrouble == nil && told.isEmpty
        }
    }
    private var rows: [TokenName: Row] = [:]
    /// How often the settings of each changed: what was sent under older ones is not published.
    private var generations: [TokenName: UInt64] = [:]

    // an outage may be met by one instance of a unit after the other; the end is told of the first of them
    private static let mostTold = 256

    subscript(token: TokenName) -> Row? { rows[token] }

    func generation(of token: TokenName) -> UInt64 { generations[token] ?? 0 }

    private mutating func change(_ token: TokenName, _ change: (inout Row) -> Void) {
        change(&rows[token, default: Row()])
        if rows[token]?.isOver == true { rows[token] = nil }
    }

    // MARK: failures

    mutating func note(_ failure: ExchangeFailure, of token: TokenName, at boot: Int64) {
        change(token) {
            $0.lastTrouble = boot
            $0.failure = failure
            $0.silentSince = failure.law == .silent ? $0.silentSince ?? boot : nil
        }
    }

    /// What came is of no use: that counts as a failure of the token alone.
    mutating func noteUseless(_ failure: ExchangeFailure, of token: TokenName) { change(token) { $0.failure = failure } }

    /// It is left alone for a while: see `Backoff.failed`.
    mutating func cool(_ token: TokenName, began: Int64, at boot: Int64, retryAfter: Int?, random: UInt64, longest: Int64 = Backoff.ceiling) {
        change(token) { $0.backoff.failed(began, at: boot, retryAfter: retryAfter, random: random, longest: longest) }
    }

    mutating func refuse(_ token: TokenName, _ trouble: Trouble) { change(token) { $0.refusal = trouble } }

    /// A failure is told of this consumer and what it asks for.
    mutating func noteTold(_ key: CacheKey) {
        change(key.token) { if $0.told.count < Self.mostTold || $0.told[key] != nil { $0.told[key, default: 0] += 1 } }
    }

    /// Those failures are over. How many were told of each consumer.
    mutating func takeTold(of token: TokenName, where isOver: (CacheKey) -> Bool) -> [Consumer: Int] {
        let over = (rows[token]?.told ?? [:]).filter { isOver($0.key) }
        if !over.isEmpty { change(token) { $0.told = $0.told.filter { over[$0.key] == nil } } }
        return Dictionary(over.map { ($0.key.consumer, $0.value) }, uniquingKeysWith: +)
    }

    // MARK: hope

    /// The server has issued a token, or an administrator wants it tried: no pause and no refusal is left.
    mutating func forgive(_ token: TokenName) {
        guard rows[token] != nil else { return }
        change(token) { ($0.backoff, $0.refusal, $0.failure, $0.silentSince) = (Backoff(), nil, nil, nil) }
    }

    mutating func noteRenewal(of token: TokenName, at boot: Int64) { change(token) { $0.lastTrouble = boot } }

    /// What stood in the way may be gone: the next try is due.
    mutating func retryNow(_ token: TokenName) { if rows[token] != nil { change(token) { $0.backoff.retryNow() } } }

    mutating func retryNow(where isMeant: (ExchangeFailure) -> Bool) {
        for (token, row) in rows where row.failure.map(isMeant) == true { retryNow(token) }
    }

    /// A token has come that lives long enough, or hardly. Whether the latter is news.
    mutating func note(isShortLived: Bool, of token: TokenName) -> Bool {
        guard (rows[token]?.isShortLived ?? false) != isShortLived else { return false }
        change(token) { $0.isShortLived = isShortLived }
        return isShortLived
    }

    // MARK: another configuration

    /// Its settings have changed: it starts anew. What was told of it is still to be told to be over.
    mutating func beginAnew(_ token: TokenName) {
        generations[token, default: 0] += 1
        let told = rows.removeValue(forKey: token)?.told ?? [:]
        if !told.isEmpty { change(token) { $0.told = told } }
    }

    mutating func keepOnly(_ isWanted: (TokenName) -> Bool) {
        rows = rows.filter { isWanted($0.key) }
        generations = generations.filter { isWanted($0.key) }
    }

    var count: Int { Set(rows.keys).union(generations.keys).count }
}
