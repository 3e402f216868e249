internal import Secrets
internal import TokenWire

/// What is kept for one configured token beyond its access tokens: a person's sign-in, or a reference token.
///
///     nothing ──LOGIN, IMPORT──► held ──LOGOUT──► nothing
///                                held ──sent, no answer──► in doubt ──a replay is answered──► held, or ended
///                                                          in doubt ──a replay is not answered──► in doubt
///                                held ──the server says no, four times──► ended ──LOGIN, RENEW, a start──► held
struct Grant: Sendable {
    /// What is on the disk, in force. A tombstone, or none: nobody has signed in, nothing was brought in.
    var record: StoredRecord?
    /// Why what is on the disk cannot be opened.
    var locked: String?
    /// Why only a person can help. The refresh token is kept all the same.
    var ended: Refusal?
    /// Why the last sign-in came to nothing, where nobody is signed in: the server granted less than was asked for.
    var lastSignIn: Refusal?
    /// What the server says it wants of the person, while the refresh token is tried on.
    var advice: Refusal?
    /// A send whose outcome nobody knows. It outlives the end of the sign-in, for the server may be asked once more.
    var doubt: Doubt?
    /// When the refresh token was brought in or last used, in this process; before that the record says it. `wall` follows the clock.
    var lastUsed: Moment?
    /// Refusals of the refresh token in a row, and answers without a readable error.
    var refusals = 0
    var silences = 0
    /// CLOCK_BOOTTIME before which the refresh token is not sent.
    var notBefore: Int64 = 0
    /// The exchange that sends the refresh token: one at a time.
    var exchange: UInt64?
    /// Of the newest record that was ever handed to the store.
    var generation: UInt64 = 0
    /// Which sign-in or import the newest one is.
    var grant: UInt64 = 0
    /// How many of the warnings ahead of its end were given.
    var warnings = 0
    /// The record is in use and in the memory that a crash does not reach, but not on the disk: it is not spent before it is.
    var isUnsynced = false
    /// The store does not take what it must keep; said once.
    var isStoreFailing = false

    /// A refresh token went out and no whole answer came back: it may be spent.
    struct Doubt: Sendable {
        var intent: Intent
        /// CLOCK_BOOTTIME before which the server may still be at work on it.
        var earliest: Int64
        /// What the server answered, where that came whole and was of no use.
        var answer: String?
        /// It is to be replayed as soon as that is allowed: nothing else is held.
        var isUrgent = false
    }

    var refreshToken: Secret? {
        guard let record, record.kind == .refresh, !record.secret.isEmpty else { return nil }
        return record.secret
    }

    var reference: Secret? {
        guard let record, record.kind == .reference else { return nil }
        return record.secret
    }

    /// The newest record in force has been synced.
    mutating func take(_ record: StoredRecord) {
        self.record = record
        locked = nil
        generation = max(generation, record.generation)
        grant = max(grant, record.grant)
    }

    /// Whatever was wrong with the last sign-in is over.
    mutating func begin(_ record: StoredRecord, at now: Moment) {
        take(record)
        lastUsed = nil
        lastUsed = Moment(boot: lastUse(of: record, at: now), wall: record.rotated)
        (ended, advice, lastSignIn, doubt, exchange) = (nil, nil, nil, nil, nil)
        (refusals, silences, notBefore, warnings) = (0, 0, 0, 0)
        isUnsynced = false
    }

    /// CLOCK_BOOTTIME at which the refresh token was last used, so that a wall clock that was wrong at the time, or is now, postpones nothing. What
    /// only the record says never lies in the future.
    func lastUse(of record: StoredRecord, at now: Moment) -> Int64 { lastUsed?.boot ?? now.boot - .seconds(max(0, now.wall - record.rotated)) }

    /// The refresh token is worth a try, whatever came of the last ones; one in doubt not before the server can be done with it.
    mutating func forgive() {
        (ended, advice) = (nil, nil)
        (refusals, silences) = (0, 0)
        notBefore = doubt?.earliest ?? 0
    }

    /// The server has taken the refresh token.
    mutating func succeed(at now: Moment) {
        doubt = nil
        forgive()
        lastUsed = now
    }

    /// Nothing is on the disk, and nothing is known that would be worth remembering.
    var isVacant: Bool { record == nil && locked == nil && doubt == nil && exchange == nil && !isUnsynced }
}
