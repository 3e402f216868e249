internal import Systemd
internal import TokenAudit
internal import TokenLedger

/// Where entries go, one at a time. Never makes the loop wait.
protocol AuditSink: AnyObject {
    /// False: not recorded, nothing of it was written, and it may be tried again.
    func take(_ fields: [(AuditField, String)]) -> Bool
    /// The same by another way, where there is one: `take` had no room.
    func takeBesides(_ fields: [(AuditField, String)]) -> Bool
    /// Whether entries go through journald, which may have a limit.
    var isJournal: Bool { get }
}

extension AuditSink {
    func takeBesides(_ fields: [(AuditField, String)]) -> Bool { false }
}

/// The journal, by its native protocol.
///
/// Its socket has one queue for everybody (net.unix.max_dgram_qlen), which any user of the machine can keep full. The stream that systemd connects
/// to the journal as standard error is this service's own.
final class JournalSink: AuditSink {
    private let socket: JournalSocket
    private let stream: LineSink?
    var isJournal: Bool { true }

    init(_ socket: JournalSocket, besides stream: LineSink? = nil) {
        self.socket = socket
        self.stream = stream
    }

    /// As a line. Only while the journal has read all earlier ones: of a journal that hangs nothing is believed to be written.
    func takeBesides(_ fields: [(AuditField, String)]) -> Bool {
        guard let stream, stream.isRead else { return false }
        return stream.take(fields)
    }

    func take(_ fields: [(AuditField, String)]) -> Bool {
        socket.send(fields.map { (name: $0.0.rawValue, value: $0.1) })
    }
}
