internal import CShims
internal import TokenWire

/// A login that the daemon has begun and that waits for a person.
struct LoginOffer {
    let id: String
    let address: AuthorizationAddress
    /// When nobody waits for it any longer, in seconds since the epoch.
    let expires: Int64
    /// What the person types at the address, where no browser comes back (RFC 8628).
    let code: String?

    /// Reads the reply to LOGIN. `timeout`, in seconds, is the caller's own patience.
    init(_ line: ReplyLine, timeout: Int?) throws(Failure) {
        if case .refused(let refusal) = line { throw .refused(refusal, rows: []) }
        guard case .ok(let body) = line, let (words, fields) = body.items(words: 2), let address = AuthorizationAddress(words[1]),
            case .at(let expires)? = fields.first("expires").flatMap(Expiry.init)
        else { throw .strangeReply }
        id = words[0]
        self.address = address
        let own = timeout.map { (tokend_realtime() / 1_000_000_000).addingReportingOverflow(Int64($0)) }
        self.expires = own.map { $0.overflow ? expires : min(expires, $0.partialValue) } ?? expires
        code = fields.first("code")
    }

    var deadline: Deadline { Deadline(at: expires) }

}
