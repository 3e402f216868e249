internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

/// A conversation with the daemon: blocking, one request at a time.
final class DaemonConnection {
    /// How much longer than the daemon may hold it a client waits for a reply, in seconds.
    static let margin = 15

    private let descriptor: Int32
    private let patience: Int
    private var reader = ReplyReader()
    private var lines: [ReplyLine] = []
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 16384, alignment: 8)

    /// Connects. A daemon that is silent for `patience` seconds counts as none.
    init(_ socket: SocketPath, patience: Int = 30 + DaemonConnection.margin) throws(Failure) {
        let result = tokend_unix_open(socket.path, Int32(clamping: patience))
        guard result >= 0 else { throw .noDaemon(socket.path, -result) }
        descriptor = result
        self.patience = patience
    }

    deinit {
        close(descriptor)
        if let base = chunk.baseAddress { tokend_wipe(base, chunk.count) }
        chunk.deallocate()
    }

    /// Asks, and waits for the whole reply.
    func reply(to request: Request) throws(Failure) -> (rows: [ReplyBody], ok: ReplyBody) {
        try send(request)
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

    /// Sends a request. A daemon that has hung up may have said why: its words are then the next line.
    func send(_ request: Request) throws(Failure) {
        let line = SecretBuffer()
        do throws(Refusal) { try request.write(to: line) } catch { throw .refused(error, rows: []) }
        let result = line.withBytes { bytes in
            bytes.baseAddress.map { tokend_unix_send(descriptor, $0, bytes.count) } ?? 0
        }
        switch -result {
        case 0, EPIPE, ECONNRESET: return
        case EAGAIN: throw .silent(patience)
        default: throw .connection(-result)
        }
    }

    /// Lets the daemon take as long as it likes for each line from now on.
    func waitForever() { _ = tokend_unix_wait_forever(descriptor) }

    /// The next line of a reply; waits for it.
    func nextLine() throws(Failure) -> ReplyLine {
        while lines.isEmpty { try receive() }
        return lines.removeFirst()
    }

    private func receive() throws(Failure) {
        guard let base = chunk.baseAddress else { throw .strangeReply }
        let count = tokend_unix_receive(descriptor, base, chunk.count)
        guard count > 0 else { throw ended(Int32(truncatingIfNeeded: -count)) }
        reader.feed(UnsafeRawBufferPointer(start: base, count: count)) { line in
            lines.append(line)
            return true
        }
    }

    private func ended(_ error: Int32) -> Failure {
        switch error {
        case 0, ECONNRESET: reader.hasPartial ? .cutReply : .closed
        case EAGAIN: .silent(patience)
        default: .connection(error)
        }
    }
}
