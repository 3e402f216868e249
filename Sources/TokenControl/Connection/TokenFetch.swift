internal import Secrets
internal import TokenWire

/// One GET or HEADER, from the connection to what is printed. On this path nothing is copied that need not be.
struct TokenFetch {
    private let verb: Verb
    private let request: SecretBuffer
    private let socket: SocketPath
    private let wait: Int

    /// The line must be whole but for its end; `wait` is in seconds.
    init(verb: Verb, line: RequestLine, socket: SocketPath, wait: Int) throws(Failure) {
        request = SecretBuffer()
        guard line.finish(into: request) else { throw .refused(line.refusal, rows: []) }
        self.verb = verb
        self.socket = socket
        self.wait = wait
    }

    init(_ verb: Verb, _ query: TokenQuery, from socket: SocketPath) throws(Failure) {
        request = SecretBuffer()
        do throws(Refusal) {
            try (verb == .header ? Request.header(query) : Request.get(query)).write(to: request)
        } catch {
            throw .refused(error, rows: [])
        }
        self.verb = verb
        self.socket = socket
        wait = query.wait
    }

    /// Prints the token, or the header line, and an LF.
    func print() throws(Failure) {
        let reply = try reply()
        let output = SecretBuffer(capacity: reply.count + 1)
        let isFound = reply.withBytes { line in
            guard let place = place(in: line) else { return false }
            output.append(UnsafeRawBufferPointer(rebasing: line[place]))
            return true
        }
        guard isFound else { throw refusal(reply) }
        output.append(UInt8(ascii: "\n"))
        try StandardOutput.write(output)
    }

    /// The token, or the header line.
    func value() throws(Failure) -> Secret {
        let reply = try reply()
        let value = reply.withBytes { line in place(in: line).map { Secret(copying: UnsafeRawBufferPointer(rebasing: line[$0])) } }
        guard let value else { throw refusal(reply) }
        return value
    }

    /// The token with all that is known about it.
    func token() throws(Failure) -> ServedToken {
        let reply = try reply()
        guard case .ok(let body) = reply.withBytes({ ReplyLine($0) }), let token = body.token else { throw refusal(reply) }
        return token
    }

    private func place(in line: UnsafeRawBufferPointer) -> Range<Int>? {
        isHeader ? ReplyLine.rangeOfHeader(in: line) : ReplyLine.rangeOfToken(in: line)
    }

    // a switch, because `==` of an enum with raw values is a generic call
    private var isHeader: Bool {
        switch verb {
        case .header: true
        default: false
        }
    }

    private func refusal(_ reply: SecretBuffer) -> Failure {
        guard case .refused(let refusal) = reply.withBytes({ ReplyLine($0) }) else { return .strangeReply }
        return .refused(refusal, rows: [])
    }

    /// The one line of the reply, without its LF. Who connected before tokend accepted, as whoever starts it does, connects again.
    private func reply() throws(Failure) -> SecretBuffer {
        let reply = try ask()
        return reply.withBytes { $0.first == UInt8(ascii: "E") && ReplyLine($0).isConnectAgain } ? try ask() : reply
    }

    private func ask() throws(Failure) -> SecretBuffer {
        let daemon = try DaemonSocket(socket, patience: wait + DaemonSocket.margin)
        try daemon.send(request)
        return try daemon.line()
    }
}
