internal import TokenWire

/// What is on its way to the disk, what is written again, and until when each is waited for.
///
///     begin ──► with the store ──► reported
///                    ▲                └── refused half-way (LOGIN, LOGOUT, IMPORT): uncertain, and begun again later
///                    └── a successor that only the memory has: begun again until it is on the disk
struct StoreQueue: Sendable {
    /// What the reports of the store are awaited for.
    private var jobs: [UInt64: StoreWork] = [:]
    /// Replacements that may or may not be on the disk; each is written again until it is there for certain.
    private var uncertainWrites: [UInt64: StoreWork] = [:]
    /// Successors in use that only the memory has; each is written until it is on the disk.
    private var memoryOnlyRecords: [UInt64: StoredRecord] = [:]
    private var deadlines = Deadlines<UInt64>()
    /// Of each token: records on their way to the disk that end its sign-in (LOGIN, LOGOUT, IMPORT).
    private var replacements: [TokenName: Int] = [:]

    // MARK: jobs

    /// Hands a job to the store.
    mutating func begin(_ id: UInt64, _ work: StoreWork) -> StoreTask {
        jobs[id] = work
        count(work, 1)
        return StoreTask(id: id, job: work.job)
    }

    /// The store has reported.
    mutating func end(_ id: UInt64) -> StoreWork? {
        guard let work = jobs.removeValue(forKey: id) else { return nil }
        count(work, -1)
        return work
    }

    private mutating func count(_ work: StoreWork, _ change: Int) {
        guard work.step.isReplacement else { return }
        let next = replacementCount(work.job.name) + change
        replacements[work.job.name] = next == 0 ? nil : next
    }

    /// Whether the intent of an exchange that is over has not been reported yet.
    func hasIntent(where isOver: (UInt64) -> Bool) -> Bool {
        jobs.values.contains { if case .intent(let exchange, _) = $0.step { isOver(exchange) } else { false } }
    }

    // MARK: replacements

    func replacementCount(_ token: TokenName) -> Int { replacements.isEmpty ? 0 : replacements[token] ?? 0 }

    /// Until they are on the disk, no refresh token of it is sent.
    func isReplacing(_ token: TokenName) -> Bool { replacementCount(token) > 0 }

    /// One that was refused once may be there, and is not for certain.
    func isUncertain(_ token: TokenName) -> Bool {
        isReplacing(token)
            && (uncertainWrites.values.contains { $0.job.name == token }
                || jobs.values.contains { $0.failures > 0 && $0.step.isReplacement && $0.job.name == token })
    }

    /// It was refused half-way, and is written again at a moment of CLOCK_BOOTTIME.
    mutating func putOff(_ id: UInt64, _ work: StoreWork, to boot: Int64) {
        uncertainWrites[id] = work
        count(work, 1)
        deadlines.set(id, at: boot)
    }

    func uncertainWrite(_ id: UInt64) -> StoreWork? { uncertainWrites[id] }

    mutating func takeUncertain(_ id: UInt64) -> StoreWork? {
        guard let work = uncertainWrites.removeValue(forKey: id) else { return nil }
        deadlines.set(id, at: nil)
        count(work, -1)
        return work
    }

    /// Takes one that a newer record on the disk has overtaken.
    mutating func takeOvertaken(_ token: TokenName, by generation: UInt64) -> StoreWork? {
        guard isReplacing(token), let id = uncertainWrites.first(where: { $0.value.job.name == token && $0.value.job.generation < generation })?.key
        else { return nil }
        return takeUncertain(id)
    }

    // MARK: what only the memory has

    mutating func keepInMemory(_ id: UInt64, _ record: StoredRecord) { memoryOnlyRecords[id] = record }

    func memoryOnlyRecord(_ id: UInt64) -> StoredRecord? { memoryOnlyRecords[id] }

    mutating func endMemoryOnly(_ id: UInt64) { memoryOnlyRecords[id] = nil }

    // MARK: time

    var nextDeadline: Int64? { deadlines.next }

    mutating func setDeadline(_ id: UInt64, at boot: Int64?) { deadlines.set(id, at: boot) }

    mutating func due(at boot: Int64) -> [UInt64] { deadlines.due(at: boot) }

    /// What the end of the daemon writes once more, in its order.
    var unwritten: [UInt64] { (Array(memoryOnlyRecords.keys) + uncertainWrites.keys).sorted() }

    // MARK: what the end of the process would cut off

    var atRisk: [AtRisk] {
        (Array(jobs.values) + uncertainWrites.values).compactMap { work in work.step.act.map { AtRisk(token: work.job.name, act: $0) } }
            + memoryOnlyRecords.values.map { AtRisk(token: $0.name, act: .refresh) }
    }

    /// Whether a stop waits for any of it: without a revocation on the disk, nobody would know of a refresh token that lives on at its server.
    var isAwaited: Bool {
        !uncertainWrites.isEmpty || !memoryOnlyRecords.isEmpty
            || jobs.values.contains { if case .revocation = $0.step { true } else { $0.step.act != nil } }
    }

    // MARK: check

    /// All that is written or written again, by what it is for.
    var steps: [StoreStep] { (Array(jobs.values) + uncertainWrites.values).map(\.step) }

    var tokensReplaced: some Collection<TokenName> { replacements.keys }

    func hasMemoryOnly(_ record: StoredRecord?) -> Bool { memoryOnlyRecords.values.contains { $0 == record } }

    func hasDeadline(_ id: UInt64) -> Bool { deadlines[id] != nil }

    func check(isStopping: Bool) -> [String] {
        var faults: [String] = []
        let counted = Dictionary(grouping: (Array(jobs.values) + uncertainWrites.values).filter(\.step.isReplacement), by: \.job.name).mapValues(\.count)
        if counted != replacements { faults.append("\(replacements) replacements are counted, and there are \(counted)") }
        guard !isStopping else { return faults }
        for id in uncertainWrites.keys where deadlines[id] == nil { faults.append("replacement \(id) is not on the disk for certain, and nothing writes it") }
        for id in memoryOnlyRecords.keys where deadlines[id] == nil {
            let isWritten = jobs.values.contains { if case .late(id) = $0.step { true } else if case .successor(id) = $0.step { true } else { false } }
            if !isWritten { faults.append("record \(id) is in memory alone, and nothing writes it") }
        }
        return faults
    }
}

/// A job that the store has, and what its report is for.
struct StoreWork: Sendable {
    let job: StoreJob
    let step: StoreStep
    /// Earlier attempts at it. After the first only its success says what is on the disk.
    var failures = 0
}

/// What a report of the store is about.
enum StoreStep: Sendable {
    /// the intent of this exchange
    case intent(exchange: UInt64, TokenName)
    /// the successor that this exchange brought
    case successor(exchange: UInt64)
    /// the same, where a crash does not reach it
    case remembered(exchange: UInt64)
    /// a successor that was used before it was on the disk
    case late(UInt64)
    /// something that nobody waits for
    case tidy(TokenName)
    /// a refresh token that is to be revoked
    case revocation(RevocationKey)
    /// a sign-in's first record
    case signIn(LoginID)
    /// a tombstone
    case signOut(waiter: UInt64, SignOut)
    case importing(waiter: UInt64, StoredRecord, caller: Caller)

    /// It ends one sign-in or import with another, or with none.
    var isReplacement: Bool {
        switch self {
        case .signIn, .signOut, .importing: true
        case .intent, .successor, .remembered, .late, .tidy, .revocation: false
        }
    }

    /// What is lost without it, if anything is.
    fileprivate var act: AtRisk.Act? {
        switch self {
        case .successor, .late: .refresh
        case .signIn: .signIn
        case .signOut: .signOut
        case .importing: .importing
        case .intent, .remembered, .tidy, .revocation: nil
        }
    }
}
