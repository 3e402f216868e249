internal import TokenWire

/// A refresh token is spent here, and nowhere else:
///
///     begin ──intent──► synced ──plan──► answered ──successor──► synced ──► published
///                          │               └── nothing spent: the intent goes, the same token again later
///                          └── not durable: nothing is sent
///
/// Each arrow that leads to the disk is a job, each that leads back a report. One token of one sign-in at a time.
struct Rotation: Sendable {
    enum Stage: Sendable {
        /// The intent is on its way to the disk.
        case preparing
        case exchanging
        /// The answer is here; what it means is seen when it is known whether a LOGIN, LOGOUT or IMPORT has taken its place.
        case held(ExchangeReport)
        /// The answer is here; what it brought is on its way to the disk.
        case committing(StoredRecord, ExchangeReport)

        var wasSent: Bool {
            switch self {
            case .preparing: false
            case .exchanging, .held, .committing: true
            }
        }
    }
    let token: TokenName
    /// Which sign-in the token belongs to.
    let grant: UInt64
    /// Whose the token is.
    let binding: RecordBinding
    /// Less than everything that was granted is asked for: what comes says nothing about the grant.
    var isNarrowed = false
    let intent: Intent
    var stage = Stage.preparing
    /// Failed attempts to write the successor.
    var failures = 0
    /// A try to write it has not reported yet.
    var isWriting = false

    init(_ token: TokenName, of record: StoredRecord, _ intent: Intent) {
        (self.token, grant, binding, self.intent) = (token, record.grant, record.binding, intent)
    }

    var successor: StoredRecord? { if case .committing(let record, _) = stage { record } else { nil } }
}
