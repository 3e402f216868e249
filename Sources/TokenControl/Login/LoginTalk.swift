internal import TokenWire

/// What one login tells the daemon, and how it speaks of itself.
final class LoginTalk {
    let name: String
    let socket: SocketPath
    let terminal: Terminal
    /// The sign-in that the daemon holds for this login and that has not come to its end.
    private var pending: String?

    init(name: String, socket: SocketPath, terminal: Terminal) {
        self.name = name
        self.socket = socket
        self.terminal = terminal
    }

    func failure(_ ending: LoginEnding) -> Failure { ending.failure(for: name) }

    /// Begins a sign-in, which `cancel` ends.
    func begin(_ request: Request, timeout: Int?) throws(Failure) -> LoginOffer {
        let offer = try LoginOffer(try line(request, interrupted: .stopped), timeout: timeout)
        pending = offer.id
        return offer
    }

    /// Asks, and waits for the verdict.
    func verdict(_ request: Request, patience: Int = DaemonConnection.longRequest) throws(Failure) -> Verdict {
        let verdict = try Verdict(try line(request, patience: patience, interrupted: nil))
        heard(verdict)
        return verdict
    }

    /// Notes which verdicts end the sign-in at the daemon.
    func heard(_ verdict: Verdict) {
        switch verdict {
        // over a budget: the sign-in still waits for the answer
        case .failed(let refusal) where refusal.code == .busy: break
        case .signedIn, .consentRefused, .over, .failed: pending = nil
        case .toConfirm, .notOurs: break
        }
    }

    /// Ends the sign-in at the daemon if it is still pending, so that it takes up no place there. Whether the daemon says that it has ended.
    @discardableResult
    func cancel() -> Bool {
        guard let id = pending else { return false }
        pending = nil
        return (try? DaemonConnection(.cancel(login: id), at: socket, patience: LoginTalk.patienceOfCancel).reply()) != nil
    }

    /// Stopped while the daemon was at it: nothing has changed if it can still be cancelled.
    func stopped() -> Failure { failure(cancel() ? .stopped : .stoppedTooLate) }

    /// What the verdict comes to; the first person, and another one than before, is asked about first.
    func conclude(_ verdict: Verdict, _ offer: LoginOffer, isConfirmed: Bool) throws(Failure) -> SignedIn {
        switch verdict {
        case .signedIn(let signedIn): return signedIn
        case .toConfirm(let person, let was):
            try confirm(person, was: was, isConfirmed: isConfirmed)
            return try conclude(try self.verdict(.confirm(login: offer.id)), offer, isConfirmed: false)
        case .consentRefused(let refusal): throw failure(.consentRefused(refusal))
        case .over(let refusal): throw failure(.over(refusal))
        case .failed(let refusal), .notOurs(let refusal): throw failure(.failed(refusal))
        }
    }

    private func confirm(_ person: NamedPerson, was: NamedPerson?, isConfirmed: Bool) throws(Failure) {
        guard !isConfirmed else { return }
        guard terminal.isThere else { throw failure(.unasked(person, was: was)) }
        let question =
            was.map { "This is another person than before: \(person.plain), was \($0.plain). Use \(person.short) from now on?" }
            ?? "You signed in as \(person.plain). Is \(Quotation.plain(name)) to be served in this name?"
        // the daemon waits for ten minutes
        guard terminal.confirms(question, until: Deadline(inSeconds: 600)) == true else { throw failure(.declined(was: was)) }
    }

    /// The daemon's one line. `interrupted`: what to say of an end by a signal; `nil` where the daemon may have done it already.
    private func line(_ request: Request, patience: Int = DaemonConnection.longRequest, interrupted: LoginEnding?) throws(Failure) -> ReplyLine {
        let call = try DaemonConnection(request, at: socket, patience: patience)
        let deadline = Deadline(inSeconds: Int64(patience))
        while true {
            switch terminal.vigil.wait(for: call.descriptor, until: deadline) {
            case .ready: if let line = try call.lineSoFar() { return line }
            case .late: throw .silent(patience)
            case .interrupted: throw interrupted.map { failure($0) } ?? stopped()
            }
        }
    }

    /// Seconds: nobody who has pressed Ctrl-C waits for longer.
    private static let patienceOfCancel = 2
}
