internal import OAuth
internal import Secrets
internal import TokenWire

/// One sign-in, from LOGIN to its end.
///
///     locating ──► open ──CALLBACK──► redeeming ──► storing ──► over
///                                         └── another person ──► confirming ──CONFIRM──► storing
///
/// Ten minutes after LOGIN it is over, whatever it waits for but the answer of a server or a disk.
struct PendingLogin: Sendable {
    enum Stage: Sendable {
        /// The server's metadata are fetched.
        case locating
        /// The person is at the server.
        case open(PendingAuthorization)
        /// The code is with the server: it is sent once.
        case redeeming
        /// Waits for the word that this other person is meant.
        case confirming(Arrival)
        case storing(Arrival)
    }
    let id: LoginID
    let token: TokenName
    let caller: Caller
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
    var stage = Stage.locating
    /// The request that waits for the next step, and those that wait for the end.
    var waiter: UInt64?
    var awaiting: [UInt64] = []
    /// Answers that came to it and were not for it.
    var strays = 0

    var waiters: [UInt64] { (waiter.map { [$0] } ?? []) + awaiting }

    static let mostStrays = 20

    /// What a redeemed code brought.
    struct Arrival: Sendable {
        var report: ExchangeReport
        var held: HeldToken
        var record: StoredRecord
        /// How the server names the person.
        var subject: String?
    }
}

/// A code that is with the server. What it brings has an owner even when the sign-in is over by then.
struct Redemption: Sendable {
    var login: LoginID
    var token: TokenName
    var binding: RecordBinding
}

/// The sign-ins that have begun: bounded, in all and for each uid.
struct PendingLogins: Sendable {
    private(set) var all: [LoginID: PendingLogin] = [:]
    private var deadlines = Deadlines<LoginID>()
    /// Of those who wait for the end of one, and for which.
    private(set) var patience = Deadlines<UInt64>()
    private var awaited: [UInt64: LoginID] = [:]
    /// The exchanges under way for them.
    var flights: [UInt64: Redemption] = [:]

    static let most = 64
    static let mostOfOne = 8
    /// As many requests may wait for the end of one sign-in.
    static let mostWaiters = 64

    var nextDeadline: Int64? { [deadlines.next, patience.next].compactMap { $0 }.min() }

    func admits(_ uid: UInt32) -> Bool { all.count < Self.most && all.values.count { $0.caller.uid == uid } < Self.mostOfOne }

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

    /// Somebody no longer waits: `false` if nobody of that number did. The sign-in itself goes on.
    mutating func forget(waiter: UInt64) -> Bool {
        if let id = awaited[waiter] {
            release([waiter])
            change(id) { $0.awaiting.removeAll { $0 == waiter } }
            return true
        }
        guard let id = all.first(where: { $0.value.waiter == waiter })?.key else { return false }
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
