internal import CShims
internal import Glibc

/// The way into the journal that never blocks. sd_journal_sendv(3) waits for good when journald does not read, and reports success
/// when there is none; here both are `false`.
package final class JournalSocket: Sendable {
    /// Where journald listens.
    package static let journald = "/run/systemd/journal/socket"

    private let fd: Int32
    private let path: String

    /// Connects to nobody: each entry names its destination, so journald may come, go and come back.
    package init(path: String = JournalSocket.journald) throws(SystemError) {
        self.path = path
        fd = try SystemError.check(tokend_unix_datagram(), "cannot make a socket for the journal")
    }

    deinit { close(fd) }

    /// Whether someone may listen at its path.
    package var exists: Bool { tokend_not_a_socket(path) == 0 }

    /// Hands one entry to journald. False: not recorded (its queue is full, it is not there, the entry is too big).
    package func send(_ fields: [(name: String, value: String)]) -> Bool { send(NativeJournalEntry(fields)) }

    /// The same for an entry already encoded.
    package func send(_ entry: NativeJournalEntry) -> Bool {
        entry.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > 0 else { return false }
            return tokend_send_datagram(fd, path, base, bytes.count) == bytes.count
        }
    }
}
