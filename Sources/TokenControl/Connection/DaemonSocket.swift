internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

/// A connection to the daemon: blocking, bytes only.
final class DaemonSocket {
    /// How much longer than the daemon may hold it a client waits for a reply, in seconds.
    static let margin = 15

    let descriptor: Int32
    private let patience: Int
    private let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 8)
    /// How much of the chunk has ever held anything.
    private var used = 0

    /// Connects. A daemon that is silent for `patience` seconds counts as none.
    init(_ path: SocketPath, patience: Int) throws(Failure) {
        let result = tokend_unix_open(path.bytes, Int32(clamping: patience))
        guard result >= 0 else { throw .noDaemon(path.text, -result) }
        descriptor = result
        self.patience = patience
    }

    deinit {
        close(descriptor)
        if let base = chunk.baseAddress { tokend_wipe(base, used) }
        chunk.deallocate()
    }

    /// The user who made the socket: root when systemd did, else whoever runs the daemon.
    func owner() throws(Failure) -> UInt32 {
        var credentials = tokend_credentials()
        let result = tokend_peer_credentials(descriptor, &credentials)
        guard result >= 0 else { throw .connection(-result) }
        return credentials.uid
    }

    /// Sends bytes. A daemon that has hung up may have said why, so that is no failure before its words are read.
    func send(_ bytes: SecretBuffer) throws(Failure) {
        let result = bytes.withBytes { bytes in
            bytes.baseAddress.map { tokend_unix_send(descriptor, $0, bytes.count) } ?? 0
        }
        switch -result {
        case 0, EPIPE, ECONNRESET: return
        case EAGAIN: throw .silent(patience)
        default: throw .connection(-result)
        }
    }

    /// Waits for bytes and lends them; empty when the daemon has closed the connection.
    func receive(_ body: (UnsafeRawBufferPointer) -> Void) throws(Failure) {
        guard let base = chunk.baseAddress else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let count = tokend_unix_receive(descriptor, base, chunk.count)
        used = max(used, count)
        switch Int32(truncatingIfNeeded: -min(count, 0)) {
        case 0: body(UnsafeRawBufferPointer(start: base, count: count))
        case ECONNRESET: body(UnsafeRawBufferPointer(start: nil, count: 0))
        case EAGAIN: throw .silent(patience)
        case let error: throw .connection(error)
        }
    }

    /// Waits for one whole line and returns it without its LF; what follows it is dropped.
    func line() throws(Failure) -> SecretBuffer {
        let line = SecretBuffer(capacity: 4096)
        while true {
            var isWhole = false
            var isOver = false
            try receive { bytes in
                isOver = bytes.isEmpty
                let end = bytes.lineEnd
                isWhole = end < bytes.count
                line.append(UnsafeRawBufferPointer(rebasing: bytes[0..<end]))
            }
            if isWhole { return line }
            if isOver { throw line.count == 0 ? .closed : .cutReply }
            if line.count >= LineReader.longLimit { throw .strangeReply }
        }
    }

    /// Lets the daemon take as long as it likes for each line from now on.
    func waitForever() { _ = tokend_unix_wait_forever(descriptor) }
}

extension UnsafeRawBufferPointer {
    /// The place of the first LF, or the number of bytes.
    fileprivate var lineEnd: Int {
        guard let base = baseAddress, let end = memchr(base, 0x0A, count) else { return count }
        return UnsafeRawPointer(end) - base
    }
}
