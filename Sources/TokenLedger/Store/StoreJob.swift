package import TokenWire

/// What the ledger wants of the disk. Jobs of one name are done in the order in which they were handed over.
package enum StoreJob: Sendable {
    /// Before a refresh token is sent: the intent is durable, and there is room for the largest successor. Replaces an intent that is
    /// there already, never leaving none.
    case prepare(TokenName, Intent)
    /// Nothing was spent: the intent goes.
    case withdraw(TokenName)
    /// The record is durable and the intent of its name ends. Refused where the present record cannot be opened.
    case commit(StoredRecord)
    /// The same after a LOGIN or an IMPORT: a present record that cannot be opened is moved aside first, and kept.
    case replace(StoredRecord)
    /// The disk is slow to take a successor: it is put where a crash of the daemon does not reach it. Its commit goes on.
    case remember(StoredRecord)
    /// The server has to be told that a refresh token is out of use: that is durable.
    case writeRevocation(Revocation)
    /// It has been told, or never will be.
    case removeRevocation(RevocationKey)

    package var name: TokenName {
        switch self {
        case .prepare(let name, _), .withdraw(let name): name
        case .commit(let record), .remember(let record), .replace(let record): record.name
        case .writeRevocation(let revocation): revocation.name
        case .removeRevocation(let key): key.name
        }
    }

    var generation: UInt64 {
        switch self {
        case .prepare(_, let intent): intent.generation
        case .withdraw, .writeRevocation, .removeRevocation: 0
        case .commit(let record), .remember(let record), .replace(let record): record.generation
        }
    }
}

/// A job with the number under which its report comes back.
package struct StoreTask: Sendable {
    package var id: UInt64
    package var job: StoreJob

    package init(id: UInt64, job: StoreJob) {
        self.id = id
        self.job = job
    }
}

/// What became of a task. A success means: durable, folder included.
package struct StoreReport: Sendable {
    package var id: UInt64
    package var result: Result<Void, StoreFault>
    /// What an operator should know beside it: a record that was moved aside.
    package var note: String?

    package init(id: UInt64, result: Result<Void, StoreFault>, note: String? = nil) {
        self.id = id
        self.result = result
        self.note = note
    }
}

/// Why the disk did not take it. What was on it before is still there, unless `mayBeThere`.
package struct StoreFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// One calm line with the file and the cause; never a secret.
    package var text: String
    /// No room is left, or none of this user's or this folder's quota.
    package var isFull: Bool
    /// The record was written whole before something failed: the next start may find it, or what was there before.
    package var mayBeThere: Bool

    package init(_ text: String, isFull: Bool = false, mayBeThere: Bool = false) {
        self.text = text
        self.isFull = isFull
        self.mayBeThere = mayBeThere
    }

    package var description: String { text }
}

/// What the store held when the daemon started: one for each name, and the revocations.
package enum Found: Sendable {
    /// With an intent the outcome of that sending is unknown.
    case record(StoredRecord, Intent?)
    /// It is there, but not durable in its own place, where an older one may be or one that cannot be opened: it has to be written again.
    case unsynced(StoredRecord)
    /// It cannot be opened, for the reason given, and is kept as it is.
    case locked(TokenName, reason: String)
    /// A refresh token out of use that its server has still to revoke.
    case revocation(Revocation)
}
