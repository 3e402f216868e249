internal import Secrets
internal import TokenWire

/// One GET or HEADER, from the connection to what is printed.
struct TokenFetch {
    var verb: Verb
    var query: TokenQuery
    var socket: SocketPath

    /// The token, or the header line, with an LF.
    func line() throws(Failure) -> SecretBuffer {
        let reply = try reply()
        let output = SecretBuffer(capacity: reply.secret.count + 1)
        output.append(verb == .header ? try header(of: reply) : try token(of: reply).token)
        output.append(UInt8(ascii: "\n"))
        return output
    }

    /// The token with all that is known about it.
    func token() throws(Failure) -> ServedToken { try token(of: reply()) }

    private func reply() throws(Failure) -> ReplyBody {
        let request: Request = verb == .header ? .header(query) : .get(query)
        return try DaemonConnection(socket, patience: query.wait + DaemonConnection.margin).reply(to: request).ok
    }

    private func header(of reply: ReplyBody) throws(Failure) -> Secret {
        let isHeader = reply.secret.withBytes { line in
            line.contains(UInt8(ascii: ":")) && line.allSatisfy { (0x20...0x7E).contains($0) }
        }
        guard isHeader else { throw .strangeReply }
        return reply.secret
    }

    private func token(of reply: ReplyBody) throws(Failure) -> ServedToken {
        guard let token = reply.token else { throw .strangeReply }
        return token
    }
}
