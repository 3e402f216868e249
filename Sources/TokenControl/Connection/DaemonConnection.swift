internal import Secrets
internal import TokenWire

/// A request and the lines of its reply.
final class DaemonConnection {
    private var socket: DaemonSocket
    private var reader = ReplyReader()
    private var lines: [ReplyLine] = []
    private var isPatient = false
    /// Asks once more, where a new connection is all it takes.
    private var again: (() throws(Failure) -> DaemonSocket)?

    /// Connects and asks. The request is judged before the daemon is looked for; `patience`, in seconds, is how long
    /// the daemon may be silent.
    init(_ request: Request, at path: SocketPath, patience: Int = 30 + DaemonSocket.margin) throws(Failure) {
        let line = SecretBuffer()
        do throws(Refusal) { try request.write(to: line) } catch { throw .refused(error, rows: []) }
        let ask = { () throws(Failure) in
            let socket = try DaemonSocket(path, patience: patience)
            if request.isForTheDaemonAlone { try DaemonTrust.check(socket, at: path) }
            try socket.send(line)
            return socket
        }
        socket = try ask()
        again = ask
    }

    /// Readable when there is more of the reply.
    var descriptor: Int32 { socket.descriptor }

    /// Takes in what has come, without waiting once the descriptor is readable. The next line if it is whole by now.
    func lineSoFar() throws(Failure) -> ReplyLine? {
        if lines.isEmpty { try receive() }
        return lines.isEmpty ? nil : lines.removeFirst()
    }

    /// Takes in what has come, without waiting once the descriptor is readable. All lines that are whole by now.
    func linesSoFar() throws(Failure) -> [ReplyLine] {
        try receive()
        defer { lines = [] }
        return lines
    }

    /// Waits for the whole reply.
    func reply() throws(Failure) -> (rows: [ReplyBody], ok: ReplyBody) {
        var rows: [ReplyBody] = []
        while true {
            switch try nextLine() {
            case .row(let row): rows.append(row)
            case .ok(let body): return (rows, body)
            case .refused(let refusal): throw .refused(refusal, rows: rows.map(\.text))
            case .malformed: throw .strangeReply
            }
        }
    }

    /// The next line of the reply; waits for it.
    func nextLine() throws(Failure) -> ReplyLine {
        while lines.isEmpty { try receive() }
        return lines.removeFirst()
    }

    /// Lets the daemon take as long as it likes for each line from now on.
    func waitForever() {
        isPatient = true
        socket.waitForever()
    }

    private func receive() throws(Failure) {
        var isOver = false
        try socket.receive { bytes in
            isOver = bytes.isEmpty
            reader.feed(bytes) { line in
                lines.append(line)
                return true
            }
        }
        if let line = lines.last, line.isConnectAgain, let again { return try connect(again) }
        if isOver { throw reader.hasPartial ? .cutReply : .closed }
    }

    private func connect(_ again: () throws(Failure) -> DaemonSocket) throws(Failure) {
        self.again = nil
        socket = try again()
        if isPatient { socket.waitForever() }
        (reader, lines) = (ReplyReader(), [])
    }
}
