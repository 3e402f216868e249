internal import CShims
internal import Glibc
internal import Systemd
internal import TokenAudit
internal import TokenLedger

/// Readable lines on a descriptor that may be anything, a pipe nobody reads or a terminal that is stopped among them.
///
/// The process ignores SIGPIPE: a reader may be gone at any moment.
final class LineSink: AuditSink {
    private let outlet: Outlet
    let isJournal: Bool
    /// What is left of a line that went out in part; it goes before all others.
    private var rest: ArraySlice<UInt8> = []

    private enum Outlet {
        case socket(Int32)
        /// a description of our own, which we may set to non-blocking: the given one is shared with other processes
        case own(Int32)
        /// waits for nothing but a disk, or could not be opened again
        case shared(Int32)
    }

    /// The descriptor stays the caller's and must stay open. `journalStream` is the value of JOURNAL_STREAM (systemd.exec(5)):
    /// when it names this descriptor, systemd takes the lines and reads a priority in front of each. Without `opensAgain` a pipe is used
    /// as where /proc does not let it be opened a second time.
    init(_ fd: Int32, journalStream: String?, opensAgain: Bool = true) {
        var status = stat()
        let known = fstat(fd, &status) == 0
        isJournal = known && LineSink.isJournal(status, journalStream)
        outlet = LineSink.outlet(fd, kind: known ? status.st_mode & S_IFMT : 0, opensAgain)
    }

    isolated deinit { if case .own(let fd) = outlet { close(fd) } }

    func take(_ fields: [(AuditField, String)]) -> Bool {
        guard flushRest() else { return false }
        let line = auditLine(fields, prefix: isJournal ? "<\(fields.first { $0.0 == .priority }?.1 ?? "6")>" : "")
        let count = write(line[...])
        guard count > 0 else { return false }
        rest = line[count...]
        return true
    }

    /// Whether the reader of a socket has read all that was written to it.
    var isRead: Bool { if case .socket(let fd) = outlet { tokend_unread(fd) == 0 } else { false } }

    private func flushRest() -> Bool {
        guard !rest.isEmpty else { return true }
        rest = rest.dropFirst(write(rest))
        return rest.isEmpty
    }

    /// Number of bytes written, 0 when it would have to wait.
    private func write(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.withUnsafeBytes { bytes in
            switch outlet {
            case .socket(let fd): max(0, send(fd, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)))
            case .own(let fd): max(0, Glibc.write(fd, bytes.baseAddress, bytes.count))
            case .shared(let fd): LineSink.isReady(fd) ? max(0, Glibc.write(fd, bytes.baseAddress, bytes.count)) : 0
            }
        }
    }

    private static func outlet(_ fd: Int32, kind: mode_t, _ opensAgain: Bool) -> Outlet {
        switch kind {
        case S_IFSOCK: return .socket(fd)
        case S_IFIFO where opensAgain, S_IFCHR:
            let own = open("/proc/self/fd/\(fd)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
            return own >= 0 ? .own(own) : .shared(fd)
        default: return .shared(fd)
        }
    }

    // A pipe that poll(2) calls writable takes a line of up to 4,096 bytes without waiting.
    fileprivate static func isReady(_ fd: Int32, within milliseconds: Int32 = 0) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }
}

extension LineSink {
    fileprivate static func isJournal(_ status: stat, _ journalStream: String?) -> Bool {
        journalStream == "\(status.st_dev):\(status.st_ino)"
    }

    /// Standard error where systemd has connected it to the journal.
    static func standardErrorOfJournal() -> LineSink? {
        let sink = standardError()
        return sink.isJournal ? sink : nil
    }

    static func standardError() -> LineSink {
        LineSink(STDERR_FILENO, journalStream: getenv("JOURNAL_STREAM").map { String(cString: $0) })
    }
}

/// Says on standard error why the daemon does not start, or what its end leaves behind: each line an error of its own where systemd takes
/// them, else under its name.
///
/// Whoever does not read must not keep the process from ending: what has found no room within a second in all is left out.
func complain(_ lines: [String]) {
    var status = stat()
    let stream = getenv("JOURNAL_STREAM").map { String(cString: $0) }
    let isJournal = fstat(STDERR_FILENO, &status) == 0 && LineSink.isJournal(status, stream)
    let end = Clock.boottime() + .seconds(1)
    for line in lines {
        let left = max(0, end - Clock.boottime()) / (.seconds(1) / 1_000)
        guard LineSink.isReady(STDERR_FILENO, within: Int32(left)) else { return }
        let text = Array("\(isJournal ? "<3>" : "tokend: ")\(line)\n".utf8)
        _ = write(STDERR_FILENO, text, text.count)
    }
}
