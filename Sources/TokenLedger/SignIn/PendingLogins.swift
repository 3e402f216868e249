internal import OAuth
internal import Secrets
internal import TokenWire

/// One sign-in, from LOGIN to its end.
///
///     locating ──► open ──CALLBACK──► redeeming ──► storing ──► over
///                                         └── to be confirmed ──► confirming ──CONFIRM──► storing
///
/// Ten minutes after LOGIN it is over, whatever it waits for but the answer of a server or a disk. CANCEL ends it before it is stored, and so does
/// a newer sign-in where there is no more room.
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
    let share: LoginShare
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
    /// CLOCK_BOOTTIME by which a server or a disk has answered, while one is waited for.
    var answerDue: Int64?
    /// The request that waits for the next step, and those that wait for the end.
    var waiter: UInt64?
    var awaiting: [UInt64] = []
    /// Answers that came to it and were not for it.
    var strays = 0

    /// Whether it may end for a newer one: nothing of it is with a server or a disk.
    var isReplaceable: Bool {
        switch stage {
        case .locating, .open, .confirming: true
        case .redeeming, .storing: false
        }
    }

    var waiters: [UInt64] { (waiter.map { [$0] } ?? []) + awaiting }

    static let mostStrays = 20

    /// What a redeemed code brought.
    struct Arrival: Sendable {
        var report: ExchangeReport
        var held: HeldToken
        var record: StoredRecord
        var person: Person?
    }
}

/// A code that is with the server. What it brings has an owner even when the sign-in is over by then.
struct Redemption: Sendable {
    var login: LoginID
    var token: TokenName
    var binding: RecordBinding
}

/// The sign-ins that have begun: bounded, in all and for each uid. Where there is no more room a newer one takes the place of an older one.
struct PendingLogins: Sendable {
    private(set) var all: [LoginID: PendingLogin] = [:]
    private var deadlines = Deadlines<LoginID>()
    /// Of those who wait for the end of one, and for which.
    private(set) var patience = Deadlines<UInt64>()
    private(set) var awaited: [UInt64: LoginID] = [:]
    /// The exchanges under way for them.
    var flights: [UInt64: Redemption] = [:]

    static let most = 64
    static let mostOfOne = 8
    /// Of all, those that only root and administrators may take.
    static let reserved = 8
    /// As many requests may wait for the end of one sign-in.
    static let mostWaiters = 64

    var nextDeadline: Int64? { [deadlines.next, patience.next].compactMap { $0 }.min() }

    /// Whether there is room for one more.
    enum Room: Hashable {
        case free
        /// once this one has ended
        case instead(LoginID)
        /// All are with a server or a disk; the first of them is through at this moment of CLOCK_BOOTTIME.
        case none(until: Int64)
    }

    /// The room for a sign-in of this uid. A uid that has its full number loses its own oldest, of this token if there is one. Where all places are
    /// taken the share that holds most of them loses one: the oldest of the uid that holds most in it.
    func room(for uid: UInt32, _ share: LoginShare, _ token: TokenName) -> Room {
        let own = all.values.filter { $0.caller.uid == uid }
        if own.count >= Self.mostOfOne {
            let replaceable = own.filter(\.isReplaceable)
            let same = replaceable.filter { $0.token == token }
            return Self.instead(Self.oldest(same.isEmpty ? replaceable : same), or: own)
        }
        let others = all.values.filter { $0.share != .administrator }
        let isFull = share == .administrator ? all.count >= Self.most : others.count >= Self.most - Self.reserved
        guard isFull else { return .free }
        let crowd = Self.largest(Self.largest(others, by: \.share), by: \.caller.uid)
        return Self.instead(Self.oldest(crowd.filter(\.isReplaceable)), or: Array(all.values))
    }

    private static func instead(_ login: PendingLogin?, or busy: [PendingLogin]) -> Room {
        if let login { return .instead(login.id) }
        return .none(until: busy.compactMap(\.answerDue).min() ?? 0)
    }

    private static func oldest(_ logins: [PendingLogin]) -> PendingLogin? { logins.min { $0.number < $1.number } }

    /// The largest part of which any may end; of two of one size that with the oldest.
    private static func largest<Part: Hashable>(_ logins: [PendingLogin], by part: (PendingLogin) -> Part) -> [PendingLogin] {
        Dictionary(grouping: logins, by: part).values.filter { $0.contains(where: \.isReplaceable) }
            .max { a, b in (a.count, oldest(b)?.number ?? 0) < (b.count, oldest(a)?.number ?? 0) } ?? []
    }

    subscript(id: LoginID) -> PendingLogin? { all[id] }

    mutating func begin(_ login: PendingLogin) {
        all[login.id] = login
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
        all = all.filter { if case .storing = $0.value.stage { true } else { false } }
        for id in all.keys {
            all[id]?.waiter = nil
            all[id]?.awaiting = []
        }
        deadlines = Deadlines()
        (patience, awaited) = (Deadlines(), [:])
        return waiters
    }
}
