internal import Secrets
internal import TokenWire

/// Refresh tokens that nobody uses any more, until their servers have revoked them (RFC 7009), and when each is tried next.
struct Revocations: Sendable {
    private var pending: [RevocationKey: PendingRevocation] = [:]
    private var attempts = Deadlines<RevocationKey>()

    /// So many of one token are on the disk; who signs in and out again and again beside a server that fails adds no more.
    static let mostOfOne = 32

    subscript(key: RevocationKey) -> PendingRevocation? { pending[key] }

    func keys(of token: TokenName) -> [RevocationKey] { pending.keys.filter { $0.name == token } }

    var nextDeadline: Int64? { attempts.next }

    // MARK: from the announcement to the end

    /// It is to be revoked; `false` if that is known.
    mutating func announce(_ revocation: Revocation, since boot: Int64) -> Bool {
        guard pending[revocation.key] == nil else { return false }
        pending[revocation.key] = PendingRevocation(revocation, since: boot)
        return true
    }

    /// Which of a token's is given up for one more: of those that nobody waits for the one that was tried most often.
    func surplus(of token: TokenName) -> RevocationKey? {
        let all = pending.filter { $0.key.name == token }
        guard all.count >= Self.mostOfOne else { return nil }
        return all.filter { !$0.value.isAnnounced && $0.value.errand == nil && $0.value.signOut == nil }
            .max { ($0.value.failures, $0.key.id.bits) < ($1.value.failures, $1.key.id.bits) }?.key
    }

    /// The end of the daemon came between: it failed before, or was never sent.
    mutating func resume(_ key: RevocationKey, at boot: Int64) {
        pending[key]?.isAnnounced = false
        pending[key]?.failures = 1
        pending[key]?.isTold = true
        schedule(key, at: boot)
    }

    mutating func noteWritten(_ key: RevocationKey, _ isWritten: Bool) { pending[key]?.isUnwritten = !isWritten }

    /// Its sign-in has ended.
    mutating func begin(_ key: RevocationKey) { pending[key]?.isAnnounced = false }

    /// Whoever signs out hears of the next attempt.
    mutating func wait(_ waiter: UInt64, _ signOut: SignOut, for key: RevocationKey) { pending[key]?.signOut = (waiter, signOut) }

    /// It is with its server, or nowhere any more, as far as anybody can tell. `false` if it was not known.
    mutating func remove(_ key: RevocationKey) -> Bool {
        attempts.set(key, at: nil)
        return pending.removeValue(forKey: key) != nil
    }

    // MARK: attempts

    mutating func schedule(_ key: RevocationKey, at boot: Int64) { attempts.set(key, at: pending[key] == nil ? nil : boot) }

    mutating func due(at boot: Int64, atMost most: Int) -> [RevocationKey] { attempts.due(at: boot, atMost: most) }

    mutating func send(_ key: RevocationKey, _ errand: UInt64) {
        attempts.set(key, at: nil)
        pending[key]?.errand = errand
    }

    /// An attempt has ended. Gives what was known before, with who waited for it.
    mutating func answered(_ key: RevocationKey) -> PendingRevocation? {
        guard let before = pending[key] else { return nil }
        pending[key]?.errand = nil
        pending[key]?.signOut = nil
        return before
    }

    /// It failed, and is tried again.
    mutating func putOff(_ key: RevocationKey, to boot: Int64, notBefore: Int64, _ text: String) {
        pending[key]?.failures += 1
        pending[key]?.notBefore = notBefore
        pending[key]?.isTold = true
        pending[key]?.trouble = text
        schedule(key, at: boot)
    }

    /// Something may have been mended: what waits for its time is tried by then.
    mutating func hasten(to boot: () -> Int64) {
        for (key, pending) in pending where attempts[key] != nil { attempts.set(key, at: max(pending.notBefore, boot())) }
    }

    /// Somebody signs out once more: those of the token are tried as soon as may be. What came of the last attempt; `nil` when nothing is to be revoked.
    mutating func hasten(_ token: TokenName, to boot: Int64) -> String? {
        var trouble: String?
        for (key, pending) in pending where key.name == token && !pending.isAnnounced {
            if pending.errand == nil { attempts.set(key, at: max(pending.notBefore, boot)) }
            trouble = pending.trouble ?? "the server has not confirmed yet that it revoked the refresh token"
        }
        return trouble
    }

    /// The end of the daemon: nothing is tried any more. Gives those who wait for a server.
    mutating func stop() -> [(waiter: UInt64, SignOut)] {
        attempts = Deadlines()
        return pending.compactMap { key, value in
            pending[key]?.signOut = nil
            return value.signOut
        }
    }

    // MARK: check

    /// - Parameter isStopping: nothing is tried any more.
    func check(isStopping: Bool) -> [String] {
        let untried = pending.filter { !isStopping && !$0.value.isAnnounced && $0.value.errand == nil && attempts[$0.key] == nil }
        return untried.keys.map { "a revocation of \($0.name) is never tried again" }
            + attempts.keys.filter { pending[$0] == nil }.map { "a revocation of \($0.name) is scheduled and not known" }
    }

    var announced: [RevocationKey] { pending.filter { $0.value.isAnnounced }.map(\.key) }
    var sent: [(key: RevocationKey, errand: UInt64)] { pending.compactMap { key, value in value.errand.map { (key, $0) } } }
}

/// A refresh token out of use:
///
///     announced ──► on the disk ──its sign-in has ended──► sent ──► revoked, or it cannot be ──► off the disk
///                        │                                  ▲ └── failed ──back-off──┐
///                        └── its sign-in goes on: off       └────────────────────────┘
///
/// A revocation is on the disk before its sign-in ends there: no crash leaves a token that lives on at the server and that nobody knows of. The
/// next start goes on with it, until the server has revoked the token or the token has ended by itself.
struct PendingRevocation: Sendable {
    var revocation: Revocation
    /// Its sign-in is still in force.
    var isAnnounced = true
    /// CLOCK_BOOTTIME since which this process knows of it.
    let since: Int64
    var failures = 0
    /// CLOCK_BOOTTIME before which nobody has it tried again: the server's Retry-After, and a first pause.
    var notBefore: Int64 = 0
    /// The attempt that is under way.
    var errand: UInt64?
    /// Who signs out, until the first attempt has ended.
    var signOut: (waiter: UInt64, SignOut)?
    /// That it failed was told.
    var isTold = false
    /// What came of the last attempt.
    var trouble: String?
    /// The disk did not take it.
    var isUnwritten = false

    init(_ revocation: Revocation, since: Int64) {
        self.revocation = revocation
        self.since = since
    }

    /// Seconds for which it is still tried: until the token ends by itself. A wall clock that is ahead when the daemon starts is set within the first
    /// hour, as a rule.
    func left(at now: Moment) -> Int64 { max(revocation.until - now.wall, (since + .seconds(3_600) - now.boot) / .seconds(1)) }
}
