internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

/// Keeps a file at the newest token until it is stopped, whatever becomes of the daemon meanwhile.
final class FileWatch {
    private let query: TokenQuery
    private let socket: SocketPath
    private let file: WatchedFile
    private let reload: UnitReload?
    private let vigil: Vigil
    private let manager = ServiceNotification()
    private var daemon: DaemonConnection?
    private var pause = RetryPause()
    private var nextCall = Deadline(inSeconds: 0)
    /// What is in the file.
    private var held: (id: Fingerprint, expires: Expiry)?
    private var hasWritten = false
    /// What is in the file is to go, and could not be removed yet.
    private var isOverdue = false
    /// The trouble that was said last, so that it is said once.
    private var trouble: String?

    init(_ query: TokenQuery, _ socket: SocketPath, _ file: WatchedFile, reload: UnitReload?, _ vigil: Vigil) {
        self.query = query
        self.socket = socket
        self.file = file
        self.reload = reload
        self.vigil = vigil
    }

    /// Returns when a signal ends it.
    func run() throws(Failure) {
        try file.adopt()
        defer { leave() }
        while true {
            removeWhatHasEnded()
            if daemon == nil, nextCall.isOver { try attempt { () throws(Failure) in try call() } }
            guard let connection = try wait() else { return }
            if connection { try attempt { () throws(Failure) in try listen() } }
        }
    }

    /// Whether the daemon has said something; `nil` when this is to end.
    private func wait() throws(Failure) -> Bool? {
        // a descriptor below zero is passed over by poll(2)
        var polls = [daemon?.descriptor ?? -1, reload?.descriptor ?? -1].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        switch vigil.wait(&polls, until: min(end, daemon == nil ? nextCall : .distant)) {
        case .interrupted: return nil
        case .late: return false
        case .ready:
            if polls[1].revents != 0, let complaint = reload?.complaint() { say(complaint) }
            return polls[0].revents != 0
        }
    }

    // MARK: the daemon

    private func call() throws(Failure) {
        daemon = try DaemonConnection(.watch(query), at: socket, patience: query.wait + DaemonSocket.margin)
    }

    private func listen() throws(Failure) {
        for line in try daemon?.linesSoFar() ?? [] {
            guard let row = try WatchRow(line) else { throw .closed }
            switch row.news {
            case .token(let token): try take(token)
            case .trouble(let text): complain(of: text)
            case .signedOut(let text):
                held = nil
                remove()
                complain(of: text)
            }
        }
    }

    /// What may pass is said and tried again later; anything else ends the watch.
    private func attempt(_ body: () throws(Failure) -> Void) throws(Failure) {
        do throws(Failure) {
            try body()
        } catch {
            guard error.mayPass(unless: !hasWritten) else { throw error }
            daemon = nil
            nextCall = Deadline(inSeconds: pause.next(atLeast: error.retryAfter))
            complain(of: error.text)
        }
    }

    // MARK: the file

    private func take(_ token: ServedToken) throws(Failure) {
        if held?.id != token.id || !file.isThere {
            try file.replace(with: token.token)
            if let complaint = reload?.start() { say(complaint) }
        }
        held = (token.id, token.expires)
        isOverdue = false
        pause = RetryPause()
        if trouble != nil { say("well again") }
        trouble = nil
        manager.tell("\(hasWritten ? "" : "READY=1\n")STATUS=\(query.name) is in \(file.path), valid \(validity(token.expires))")
        hasWritten = true
    }

    private func complain(of text: String) {
        // of an earlier run's token nobody knows when it ends
        if held == nil, remove() { say("removed what was in \(file.path): nobody knows when it ends") }
        let outlook = held.map { "; \(file.path) keeps a token that is valid \(validity($0.expires))" }
        let words = text + (outlook ?? (isOverdue ? "" : "; there is no token in \(file.path)"))
        guard trouble != words else { return }
        trouble = words
        say(words)
        manager.tell("STATUS=\(words)")
    }

    /// Whether there was a file. One that cannot be removed is tried again; that is said once.
    @discardableResult private func remove() -> Bool {
        switch file.remove() {
        case .removed:
            isOverdue = false
            return true
        case .absent: isOverdue = false
        case .failed(let error):
            if !isOverdue { say("\(file.path) holds a token that is no longer good and could not be removed: \(String(cString: strerror(error))); remove it") }
            isOverdue = true
        }
        return false
    }

    private func removeWhatHasEnded() {
        if isOverdue { remove() }
        guard case .at(let end)? = held?.expires, end <= now else { return }
        held = nil
        if remove() { say("the token in \(file.path) has ended, and the file is removed") }
        if !isOverdue { manager.tell("STATUS=there is no token in \(file.path)\(trouble.map { ": \($0)" } ?? "")") }
    }

    /// When to look at the clock again: it may be set, so at most half a minute is slept while there is an end.
    private var end: Deadline {
        if isOverdue { return Deadline(inSeconds: 10) }
        guard case .at(let end)? = held?.expires else { return .distant }
        return min(Deadline(at: end), Deadline(inSeconds: 30))
    }

    private func leave() {
        manager.tell("STOPPING=1")
        remove()
    }

    private func validity(_ expires: Expiry) -> String {
        switch expires {
        case .at(let end): "until \(LocalTime.until(end, now: now))"
        case .never: "for good"
        }
    }

    private var now: Int64 { tokend_realtime() / 1_000_000_000 }

    private func say(_ text: String) {
        StandardError.write("tokenctl: \(query.name): \(Quotation.plain(text))\n")
    }
}

extension Failure {
    /// Whether another try may bring something else. A file that could never be written is a mistake in the command.
    fileprivate func mayPass(unless isFirst: Bool) -> Bool {
        switch self {
        case .noDaemon(_, let error): error != ENAMETOOLONG
        case .silent, .closed, .cutReply, .connection: true
        case .file: !isFirst
        case .refused(let refusal, _):
            switch refusal.code {
            case .unavailable, .timeout, .busy, .stopping, .internal, .loginRequired, .expired, .refused, .badConfig: true
            case .denied, .badRequest, .tooLong, .unsupported: false
            }
        case .strangeReply, .stranger, .notSignedIn, .notRenewed, .unusable, .output, .cannotRun, .notSetUp, .closedJournal, .journal: false
        }
    }

    /// Seconds that the daemon asks to wait.
    fileprivate var retryAfter: Int64? {
        guard case .refused(let refusal, _) = self else { return nil }
        return refusal.fields.first("retry-after").flatMap { Int64($0) }
    }
}

/// How long to wait before the daemon is called again: 1, 2, 4, 8 s and so on, half a minute at most.
struct RetryPause {
    private var seconds: Int64 = 1

    mutating func next(atLeast least: Int64?) -> Int64 {
        defer { seconds = min(seconds * 2, 30) }
        return max(seconds, min(least ?? 0, 300))
    }
}
