internal import OAuth
internal import Secrets
internal import TokenWire

/// What people signed in to and what was brought in, whether or not it is configured now, and the rotations of their refresh tokens.
struct Grants: Sendable {
    private var grants: [TokenName: Grant] = [:]
    /// By the numbers of their exchanges. One may outlive its sign-in, until it is known what it brings.
    private var rotations: [UInt64: Rotation] = [:]
    private var keepAlives = Deadlines<TokenName>()
    private var warnings = Deadlines<TokenName>()
    /// What is in the store alone, as far as that was told.
    private(set) var toldUnconfigured: Set<TokenName> = []

    subscript(token: TokenName) -> Grant? { grants[token] }

    var tokens: [TokenName] { Array(grants.keys) }
    var count: Int { grants.count }

    private mutating func change(_ token: TokenName, _ change: (inout Grant) -> Void) { change(&grants[token, default: Grant()]) }

    // MARK: what the store held when the daemon started

    mutating func restore(_ record: StoredRecord, isUnsynced: Bool = false) {
        var grant = Grant()
        grant.take(record)
        grant.isUnsynced = isUnsynced
        grants[record.name] = grant
    }

    mutating func restore(locked token: TokenName, _ reason: String) { grants[token] = Grant(locked: reason) }

    // MARK: one sign-in takes the place of another

    /// Numbers the record of the next sign-in, sign-out or import.
    mutating func number(_ token: TokenName) -> (generation: UInt64, grant: UInt64) {
        change(token) {
            $0.generation += 1
            $0.grant += 1
        }
        return grants[token].map { ($0.generation, $0.grant) } ?? (1, 1)
    }

    /// It is on the disk and in force from now on. Gives the refresh token of the one before, where that is another one and nobody has ended it.
    mutating func install(_ record: StoredRecord, at now: Moment) -> (secret: Secret, binding: RecordBinding)? {
        var old: (secret: Secret, binding: RecordBinding)?
        if let before = grants[record.name], let present = before.record, let secret = before.refreshToken, record.kind == .refresh, secret != record.secret {
            old = (secret, present.binding)
        }
        change(record.name) { $0.begin(record, at: now) }
        return old
    }

    /// The server granted less than was asked for.
    mutating func noteSignIn(_ token: TokenName, failed refusal: Refusal) { change(token) { $0.lastSignIn = refusal } }

    // MARK: rotations

    func rotation(_ exchange: UInt64) -> Rotation? { rotations[exchange] }

    var isRotating: Bool { !rotations.isEmpty }

    /// Those whose refresh token is with the server, or not on the disk yet.
    var atRisk: [AtRisk] { rotations.values.filter { $0.stage.wasSent }.map { AtRisk(token: $0.token, act: .refresh) } }

    func isRotating(_ token: TokenName) -> Bool { grants[token]?.exchange != nil }

    /// Whether an exchange has the refresh token of the sign-in that is in force.
    func isCurrent(_ exchange: UInt64, of token: TokenName) -> Bool { grants[token]?.exchange == exchange }

    mutating func begin(_ exchange: UInt64, _ rotation: Rotation) {
        rotations[exchange] = rotation
        grants[rotation.token]?.exchange = exchange
    }

    mutating func send(_ exchange: UInt64, isNarrowed: Bool) {
        rotations[exchange]?.stage = .exchanging
        rotations[exchange]?.isNarrowed = isNarrowed
    }

    mutating func hold(_ exchange: UInt64, _ report: ExchangeReport) { rotations[exchange]?.stage = .held(report) }

    /// What was held until it is known which sign-in is in force.
    func held(of token: TokenName) -> [(exchange: UInt64, rotation: Rotation, report: ExchangeReport)] {
        rotations.compactMap { id, rotation in
            if rotation.token == token, case .held(let report) = rotation.stage { (id, rotation, report) } else { nil }
        }
    }

    mutating func commit(_ exchange: UInt64, _ successor: StoredRecord, _ report: ExchangeReport) {
        rotations[exchange]?.stage = .committing(successor, report)
        rotations[exchange]?.isWriting = true
        grants[successor.name]?.generation = successor.generation
    }

    mutating func commitAgain(_ exchange: UInt64) { rotations[exchange]?.isWriting = true }

    mutating func commitFailed(_ exchange: UInt64) {
        rotations[exchange]?.failures += 1
        rotations[exchange]?.isWriting = false
    }

    /// It is over; the refresh token is free.
    mutating func end(_ exchange: UInt64) -> Rotation? {
        guard let rotation = rotations.removeValue(forKey: exchange) else { return nil }
        if isCurrent(exchange, of: rotation.token) { grants[rotation.token]?.exchange = nil }
        return rotation
    }

    // MARK: what an answer means

    /// The successor is in force; on the disk, or (`isUnsynced`) only where a crash does not reach it.
    mutating func take(_ record: StoredRecord, isUnsynced: Bool) {
        grants[record.name]?.take(record)
        if isUnsynced { grants[record.name]?.isUnsynced = true }
    }

    /// It is on the disk after all.
    mutating func noteSynced(_ token: TokenName) {
        grants[token]?.isUnsynced = false
        grants[token]?.notBefore = 0
    }

    mutating func succeed(_ token: TokenName, at now: Moment) { grants[token]?.succeed(at: now) }

    /// The server does not take the refresh token, or says nothing readable. Nothing is sent before a moment of CLOCK_BOOTTIME.
    mutating func quarantine(_ token: TokenName, isSilent: Bool, until boot: Int64) {
        if isSilent { grants[token]?.silences += 1 } else { grants[token]?.refusals += 1 }
        grants[token]?.notBefore = boot
    }

    /// Nobody knows whether the server has taken it.
    mutating func doubt(_ token: TokenName, _ intent: Intent, earliest: Int64, notBefore: Int64, answer: String? = nil) {
        let isUrgent = grants[token]?.doubt?.isUrgent ?? false
        grants[token]?.doubt = Grant.Doubt(intent: intent, earliest: earliest, answer: answer, isUrgent: isUrgent)
        grants[token]?.notBefore = notBefore
    }

    /// It is replayed as soon as that is allowed: nothing else is held.
    mutating func hurry(_ token: TokenName) { grants[token]?.doubt?.isUrgent = true }

    /// A person is asked to sign in, and the refresh token is tried on meanwhile. Whether that is news.
    mutating func advise(_ token: TokenName, _ refusal: Refusal) -> Bool {
        defer { grants[token]?.advice = refusal }
        return grants[token]?.advice == nil
    }

    /// Only a person can help. Whether that is news.
    mutating func end(_ token: TokenName, _ refusal: Refusal) -> Bool {
        let isNews = grants[token]?.advice == nil
        grants[token]?.ended = refusal
        grants[token]?.advice = nil
        return isNews
    }

    mutating func forgive(_ token: TokenName) { grants[token]?.forgive() }

    /// Nothing is sent before this moment of CLOCK_BOOTTIME.
    mutating func putOff(_ token: TokenName, to boot: Int64) { if let grant = grants[token] { grants[token]?.notBefore = max(grant.notBefore, boot) } }

    /// Whether the store takes what it must keep. Whether that is news.
    mutating func note(isStoreFailing: Bool, _ token: TokenName) -> Bool {
        guard let grant = grants[token], grant.isStoreFailing != isStoreFailing else { return false }
        grants[token]?.isStoreFailing = isStoreFailing
        return true
    }

    // MARK: time

    var nextDeadline: Int64? { [keepAlives.next, warnings.next].compactMap { $0 }.min() }

    /// The wall clock was set.
    mutating func follow(_ now: Moment) { for token in grants.keys { grants[token]?.lastUsed?.follow(now) } }

    mutating func scheduleKeepAlive(_ token: TokenName, at boot: Int64?) { keepAlives.set(token, at: grants[token] == nil ? nil : boot) }

    mutating func dueKeepAlives(at boot: Int64, atMost most: Int) -> [TokenName] { keepAlives.due(at: boot, atMost: most) }

    mutating func scheduleWarning(_ token: TokenName, at boot: Int64?) { warnings.set(token, at: boot) }

    mutating func dueWarnings(at boot: Int64, atMost most: Int) -> [TokenName] { warnings.due(at: boot, atMost: most) }

    func nextWarning(_ token: TokenName) -> Int64? { warnings[token] }

    /// So many of the warnings ahead of its end were given.
    mutating func noteWarnings(_ token: TokenName, _ number: Int) {
        if number > 0 || grants[token] != nil { change(token) { $0.warnings = number } }
    }

    mutating func stop() { (keepAlives, warnings) = (Deadlines(), Deadlines()) }

    // MARK: the configuration

    /// Forgets what is not configured and of which nothing is, or will be, on the disk.
    mutating func keepOnly(_ isWanted: (TokenName) -> Bool, orReplaced isReplaced: (TokenName) -> Bool) {
        grants = grants.filter { isWanted($0.key) || !$0.value.isVacant || isReplaced($0.key) }
        keepAlives.removeAll { !isWanted($0) }
        warnings.removeAll { !isWanted($0) }
    }

    /// It is in the store alone, or is not. Whether that is to be told.
    mutating func note(isUnconfigured: Bool, _ token: TokenName) -> Bool {
        isUnconfigured ? toldUnconfigured.insert(token).inserted : toldUnconfigured.remove(token) != nil
    }

    // MARK: figures and check

    var keepAliveCount: Int { keepAlives.count }
    var warningCount: Int { warnings.count }
    var rotating: [(exchange: UInt64, rotation: Rotation)] { rotations.map { ($0.key, $0.value) } }

    func check(isStopping: Bool) -> [String] {
        grants.filter { token, grant in grant.exchange.map { rotations[$0]?.token != token } ?? false }
            .map { "\($0.key) waits for an exchange that does not send its refresh token" }
            + keepAlives.keys.filter { !isStopping && grants[$0] == nil }.map { "\($0) is kept alive and has no record" }
    }
}
