internal import TokenLedger
internal import TokenWire

/// Who asks the keeper for something, and hears of it later. Answers never arrive while a question is being put.
protocol Asker: AnyObject {
    var caller: Caller { get }
    /// The caller's unit as it can be told now, where no rule asks for it. For the record alone: it decides nothing.
    var unitForTheRecord: CallerUnit { get }
    /// What the caller's process calls itself, if it can still be told. For the record alone.
    var processForTheRecord: String { get }
    /// The answer to the request with this number.
    func hear(_ number: UInt64, _ reply: Reply)
    /// The request with this number now waits under another number.
    func movedWait(_ number: UInt64, to waiter: UInt64)
    /// A row of a watch.
    func hear(row: Row)
    /// The end of a watch.
    func hearEnd(_ refusal: Refusal)
}

/// What the keeper says at once.
enum Taken {
    case reply(Reply)
    /// The answer comes by `hear`; the number takes the wait back.
    case later(UInt64)
    /// Rows come by `hear(row:)`.
    case watching(UInt64)
    /// The reply is long, and written as it is read.
    case listing(Listing)
}

/// A request that waits for an exchange.
struct Pending {
    enum Kind {
        case token(WantedToken)
        case reject(name: String)
        case wait(name: String)
        case renew(batch: UInt64, CacheKey)
        /// a unit's credential
        case credential(id: String)
        /// LOGIN, CALLBACK, CONFIRM, AWAIT, LOGOUT, IMPORT; of a request that names a login only, no name
        case signIn(Verb, name: String?)
    }
    var asker: any Asker
    var number: UInt64
    var kind: Kind
    /// CLOCK_BOOTTIME
    var deadline: Int64
}

/// A token that GET or HEADER waits for, and what the rules said when it was asked for.
struct WantedToken {
    var query: TokenQuery
    var form: CachedReply.Form
    var authorised: AuthorisedQuery
    /// The rules that said so.
    var policy: AccessPolicy

    /// The request once more.
    var request: Request {
        switch form {
        case .token: .get(query)
        case .header: .header(query)
        }
    }
}

/// A WATCH, and what it may be told.
struct Watcher {
    var asker: any Asker
    var query: TokenQuery
    var key: CacheKey
}

/// An administrator's RENEW, until each of its exchanges has ended.
struct RenewBatch {
    var asker: any Asker
    var number: UInt64
    var remaining: Int
    var rows: [Row]
}
