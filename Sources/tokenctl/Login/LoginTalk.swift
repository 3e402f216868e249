internal import TokenWire

/// What one login tells the daemon, and how it speaks of itself.
struct LoginTalk {
    let name: String
    let socket: SocketPath
    let terminal: Terminal

    func failure(_ ending: LoginEnding) -> Failure { ending.failure(for: name) }

    /// Asks, and waits for the verdict.
    func verdict(_ request: Request, patience: Int = DaemonConnection.longRequest) throws(Failure) -> Verdict {
        let call = try DaemonConnection(request, at: socket, patience: patience)
        let deadline = Deadline(inSeconds: Int64(patience))
        while true {
            switch terminal.vigil.wait(for: call.descriptor, until: deadline) {
            case .ready: if let line = try call.lineSoFar() { return try Verdict(line) }
            case .late: throw .silent(patience)
            case .interrupted: throw failure(.stoppedTooLate)
            }
        }
    }

    /// What the verdict comes to; another person than before is asked about first.
    func conclude(_ verdict: Verdict, _ offer: LoginOffer, isConfirmed: Bool) throws(Failure) -> SignedIn {
        switch verdict {
        case .signedIn(let signedIn): return signedIn
        case .another(let subject, let was):
            try confirm(subject: subject, was: was, isConfirmed: isConfirmed)
            return try conclude(try self.verdict(.confirm(login: offer.id)), offer, isConfirmed: false)
        case .consentRefused(let refusal): throw failure(.consentRefused(refusal))
        case .over(let refusal): throw failure(.over(refusal))
        case .failed(let refusal), .notOurs(let refusal): throw failure(.failed(refusal))
        }
    }

    private func confirm(subject: String, was: String, isConfirmed: Bool) throws(Failure) {
        guard !isConfirmed else { return }
        guard terminal.isThere else { throw failure(.unasked(subject: subject, was: was)) }
        let (new, old) = (Quotation.plain(subject), Quotation.plain(was))
        let question = "This is another person than before: \(new), was \(old). Use \(new) from now on?"
        // the daemon waits for ten minutes
        guard terminal.confirms(question, until: Deadline(inSeconds: 600)) == true else { throw failure(.declined(was: was)) }
    }
}
