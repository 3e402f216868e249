internal import Systemd
internal import TokenLedger

/// Where entries go, one at a time. Never makes the loop wait.
protocol AuditSink: AnyObject {
    /// False: not recorded, nothing of it was written, and it may be tried again.
    func take(_ fields: [(AuditField, String)]) -> Bool
    /// Whether entries go through journald, which may have a limit.
    var isJournal: Bool { get }
}

/// The journal, by its native protocol.
final class JournalSink: AuditSink {
    private let socket: JournalSocket
    var isJournal: Bool { true }

    init(_ socket: JournalSocket) { self.socket = socket }

    func take(_ fields: [(AuditField, String)]) -> Bool {
        socket.send(fields.map { (name: $0.0.rawValue, value: $0.1) })
    }
}
