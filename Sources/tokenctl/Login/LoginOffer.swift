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

    /// Begins one. `timeout`, in seconds, is the caller's own patience.
    init(_ request: Request, at socket: SocketPath, timeout: Int?) throws(Failure) {
        let reply = try DaemonConnection(request, at: socket, patience: DaemonConnection.longRequest).reply().ok
        guard let (words, fields) = reply.items(words: 2), let address = AuthorizationAddress(words[1]),
            case .at(let expires)? = fields.first("expires").flatMap(Expiry.init)
        else { throw .strangeReply }
        id = words[0]
        self.address = address
        self.expires = timeout.map { min(expires, tokend_realtime() / 1_000_000_000 + Int64($0)) } ?? expires
        code = fields.first("code")
    }

    var deadline: Deadline { Deadline(at: expires) }

}
