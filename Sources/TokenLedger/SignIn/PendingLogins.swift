internal import OAuth
internal import Secrets
internal import TokenWire

/// One sign-in, from LOGIN to its end.
///
///     locating ──► open ──CALLBACK──► redeeming ──► storing ──► over
///                                         └── to be confirmed ──► confirming ──CONFIRM──► storing
///
/// Ten minutes after LOGIN it is over, whatever it waits for but the answer of a server or a disk. CANCEL ends it before it is stored. A newer sign-in
/// takes its place where there is no more room, unless a server or a disk is at it.
struct PendingLogin: Sendable {
    enum Stage: Sendable {
        /// The server's metadata are fetched.
        case locating
        /// The person is at the server.
        case open(PendingAuthorization)
        /// The code is with the server: it is sent once.
        case redeeming
        /// Waits for the word that this person is meant.
        case confirming(Arrival)
        case storing(Arrival)
    }
    let id: LoginID
    /// Grows with every LOGIN.
    let number: UInt64
    let token: TokenName
    let caller: Caller
    /// Whose place it takes.
    let share: Share
    /// Whose metadata it needs.
    let server: ServerSettings
    /// Of the credential's configuration.
    let generation: UInt64
    /// Whose tokens it brings.
    let binding: RecordBinding
    let request: AuthorizationRequest
    let verifier: Secret
    /// Seconds since the epoch.
    let asked: Int64
    /// CLOCK_BOOTTIME
    let deadline: Int64
    /// Whether CONFIRM is waited for also where nobody has signed in before.
    let confirmsFirst: Bool
    var stage = Stage.locating
    /// The request that waits for the next step, and those that wait for the end.
    var waiter: UInt64?
    var awaiting: [UInt64] = []
    /// Answers that came to it and were not for it.
    var strays = 0

    /// The oldest goes first.
    var rank: Int64 { Int64(clamping: number) }

    var waiters: [UInt64] { (waiter.map { [$0] } ?? []) + awaiting }

    static let mostStrays = 20

    /// What a redeemed code brought.
    struct Arrival: Sendable {
        var report: ExchangeReport
        var held: HeldToken
        var record: StoredRecord
        var person: Person?
        /// Who was signed in when the caller was asked to confirm this person.
        var was: Person?
    }
}

/// A code that is with the server. What it brings has an owner even when the sign-in is over by then.
struct Redemption: Sendable {
    var login: LoginID
    var token: TokenName
    var binding: RecordBinding
}

/// The sign-ins that have begun, and what servers and disks are at for them: bounded in all, and by fair shares of the callers.
struct PendingLogins: Sendable {
    private(set) var all: [LoginID: PendingLogin] = [:]
    /// A sign-in has its place until it is over and the answer of the server or the disk that is at it has come. So a sign-in that ends early does not
    /// let another code be sent while its own is still at the server.
    private(set) var places = FairHoldings<LoginID>(FairPool.Bounds(capacity: most, perHolder: mostOfOne))
    /// Of those that are with a server or a disk: CLOCK_BOOTTIME by which the answer has come.
    private(set) var answersDue: [LoginID: Int64] = [:]
    /// The exchanges under way for them.
    private(set) var flights: [UInt64: Redemption] = [:]
    /// Servers whose metadata are fetched for all sign-ins there, and whose share began that.
    private(set) var searches: [ServerSettings: Share] = [:]
    var budgets = SignInBudgets()
    private var deadlines = Deadlines<LoginID>()
    /// Of those who wait for the end of one, and for which.
    private(set) var patience = Deadlines<UInt64>()
    private(set) var awaited: [UInt64: LoginID] = [:]

    static let most = 64
    static let mostOfOne = 8
    /// As many requests may wait for the end of one sign-in.
    static let mostWaiters = 64

    var nextDeadline: Int64? { [deadlines.next, patience.next].compactMap { $0 }.min() }

    // MARK: places

    /// Whether there is room for one more.
    enum Room: Hashable {
        case free
        /// once this one has ended
        case instead(LoginID)
        /// None that would make room may end now; the first of them is over at this moment of CLOCK_BOOTTIME.
        case none(until: Int64)
    }

    /// The room for a sign-in of this share. Where there is none, whoever holds most loses the oldest of theirs that may end. A caller who holds most
    /// loses one of their own; a newcomer to a group whose members have one each takes the place of the oldest.
    func room(for share: Share) -> Room {
        let victim: Share
        switch places.outlook(for: share) {
        case .granted: return .free
        case .takeFrom(let holder): victim = holder
        case .refused: victim = share
        }
        let hasOwn = places.count(of: share) > 0
        let candidates = [places.first(of: victim), hasOwn ? places.first(of: share) : places.first(of: victim.entry)]
        if let login = candidates.lazy.compactMap(\.self).first(where: isReplaceable) { return .instead(login) }
        let crowd = places.items { hasOwn ? $0 == share : $0.entry == victim.entry }
        return .none(until: (crowd.isEmpty ? places.items : crowd).compactMap { answersDue[$0] ?? deadlines[$0] }.min() ?? 0)
    }

    /// Whether it may end for a newer one: nothing of it is with a server or a disk.
    private func isReplaceable(_ id: LoginID) -> Bool { answersDue[id] == nil }

    /// A server or a disk is at it, which has answered by `due`.
    mutating func awaitAnswer(for id: LoginID, until due: Int64) {
        answersDue[id] = due
        // the oldest that may end is before those that may not
        places.setRank(of: id, to: .max)
    }

    /// The answer has come.
    mutating func answered(_ id: LoginID) {
        answersDue[id] = nil
        if let login = all[id] { places.setRank(of: id, to: login.rank) } else { places.remove(id) }
    }

    /// Its code is with the server.
    mutating func redeem(_ plan: UInt64, _ redemption: Redemption, until due: Int64) {
        flights[plan] = redemption
        change(redemption.login) { $0.stage = .redeeming }
        awaitAnswer(for: redemption.login, until: due)
    }

    /// What came of a code is known. Gives whose it was.
    mutating func redeemed(_ plan: UInt64) -> Redemption? {
        guard let redemption = flights.removeValue(forKey: plan) else { return nil }
        answered(redemption.login)
        return redemption
    }

    // MARK: metadata

    /// A sign-in needs the metadata of a server. `true` if nobody fetches them yet.
    mutating func beginSearch(_ server: ServerSettings, for share: Share) -> Bool {
        guard searches[server] == nil else { return false }
        searches[server] = share
        return true
    }

    /// They have come, or cannot be had. Gives who began it, and the sign-ins that wait for them, oldest first.
    mutating func endSearch(_ server: ServerSettings) -> (began: Share?, waiting: [LoginID]) {
        let waiting = all.values.filter { if case .locating = $0.stage { $0.server == server } else { false } }
        return (searches.removeValue(forKey: server), waiting.sorted { $0.number < $1.number }.map(\.id))
    }

    // MARK: from LOGIN to the end

    subscript(id: LoginID) -> PendingLogin? { all[id] }

    /// Begins one for which `room` is free.
    mutating func begin(_ login: PendingLogin) {
        all[login.id] = login
        _ = places.admit(login.id, of: login.share, rank: login.rank)
        deadlines.set(login.id, at: login.deadline)
    }

    mutating func change(_ id: LoginID, _ change: (inout PendingLogin) -> Void) {
        // in place: a copy would copy the list of those who wait
        if let place = all.index(forKey: id) { change(&all.values[place]) }
    }

    /// Somebody waits for the end of one, until `deadline` (CLOCK_BOOTTIME). `false` if as many do as may.
    mutating func enlist(_ waiter: UInt64, for id: LoginID, until deadline: Int64) -> Bool {
        guard let place = all.index(forKey: id), all.values[place].awaiting.count < Self.mostWaiters else { return false }
        all.values[place].awaiting.append(waiter)
        awaited[waiter] = id
        patience.set(waiter, at: deadline)
        return true
    }

    /// A person is asked once more: the time begins anew.
    mutating func extend(_ id: LoginID, to deadline: Int64) { if all[id] != nil { deadlines.set(id, at: deadline) } }

    mutating func end(_ id: LoginID) -> PendingLogin? {
        deadlines.set(id, at: nil)
        guard let login = all.removeValue(forKey: id) else { return nil }
        if answersDue[id] == nil { places.remove(id) }
        release(login.awaiting)
        return login
    }

    private mutating func release(_ waiters: [UInt64]) {
        for waiter in waiters {
            awaited[waiter] = nil
            patience.set(waiter, at: nil)
        }
    }

    /// Somebody no longer waits: `false` if nobody of that number did. The sign-in itself goes on, unless it was LOGIN that waited: then nobody has
    /// its id.
    mutating func forget(waiter: UInt64) -> Bool {
        if let id = awaited[waiter] {
            release([waiter])
            change(id) { $0.awaiting.removeAll { $0 == waiter } }
            return true
        }
        guard let (id, login) = all.first(where: { $0.value.waiter == waiter }) else { return false }
        if case .locating = login.stage { return end(id) != nil }
        change(id) { $0.waiter = nil }
        return true
    }

    /// Those whose time to wait is over.
    mutating func takeImpatient(at boot: Int64) -> [UInt64] { patience.due(at: boot).filter { forget(waiter: $0) } }

    /// Those who wait for it wait no longer, while it goes on.
    mutating func takeWaiters(of id: LoginID) -> [UInt64] {
        guard let login = all[id] else { return [] }
        release(login.awaiting)
        change(id) { ($0.waiter, $0.awaiting) = (nil, []) }
        return login.waiters
    }

    mutating func due(at boot: Int64) -> [LoginID] { deadlines.due(at: boot) }

    /// Ends all that does not write to the disk; gives everyone who waits for them.
    mutating func stop() -> [UInt64] {
        let waiters = all.values.flatMap(\.waiters)
        for (id, login) in all {
            if case .storing = login.stage { _ = takeWaiters(of: id) } else { _ = end(id) }
        }
        deadlines = Deadlines()
        return waiters
    }
}

extension PendingLogins {
    func check() -> [String] {
        var faults: [String] = []
        for (id, login) in all {
            for waiter in login.awaiting where awaited[waiter] != id {
                faults.append("a sign-in of \(login.token) lists request \(waiter), which does not wait for it")
            }
        }
        for (waiter, id) in awaited {
            if all[id]?.awaiting.contains(waiter) != true { faults.append("request \(waiter) waits for a sign-in that does not list it") }
            if patience[waiter] == nil { faults.append("request \(waiter) waits for a sign-in and has no deadline") }
        }
        for waiter in patience.keys where awaited[waiter] == nil { faults.append("request \(waiter) has a deadline and waits for no sign-in") }
        let held = Set(all.keys).union(flights.values.map(\.login))
        if Set(places.items) != held { faults.append("\(places.count) places are taken by \(held.count) sign-ins") }
        if held.count > Self.most { faults.append("\(held.count) sign-ins are pending or with a server") }
        for (id, login) in all {
            let isWithOthers =
                switch login.stage {
                case .redeeming, .storing: true
                case .locating, .open, .confirming: false
                }
            if isWithOthers != (answersDue[id] != nil) { faults.append("a sign-in of \(login.token) may end or not against its stage") }
        }
        for id in answersDue.keys where !held.contains(id) { faults.append("the answer to a sign-in is waited for that has no place") }
        return faults + places.check()
    }
}
