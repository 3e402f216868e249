internal import CShims
internal import Glibc

/// Sends entries to journald without blocking. sd_journal_sendv(3) blocks while journald does not read, and reports success if there is no journald.
/// Here both cases return `false`.
package final class JournalSocket: Sendable {
    /// The socket of journald.
    package static let journald = "/run/systemd/journal/socket"

    private let fd: Int32
    private let path: String

    /// Does not connect: each entry is sent to the path, so journald may restart.
    package init(path: String = JournalSocket.journald) throws(SystemError) {
        self.path = path
        fd = try SystemError.check(tokend_unix_datagram(), "cannot make a socket for the journal")
    }

    deinit { close(fd) }

    /// Whether there is a socket at the path.
    package var exists: Bool { tokend_not_a_socket(path) == 0 }

    /// Sends one entry. Returns `false` if it was not accepted: the queue is full, there is no journald, or the entry is too large.
    package func send(_ fields: [(name: String, value: String)]) -> Bool { send(NativeJournalEntry(fields)) }

    package func send(_ entry: NativeJournalEntry) -> Bool {
        entry.bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, bytes.count > 0 else { return false }
            return tokend_send_datagram(fd, path, base, bytes.count) == bytes.count
        }
    }
}
