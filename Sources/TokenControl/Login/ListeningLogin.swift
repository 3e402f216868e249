internal import CShims
internal import Glibc
internal import TokenWire

/// A login whose answer the browser brings to a listener on this machine.
final class ListeningLogin {
    private let talk: LoginTalk
    private let offer: LoginOffer
    private let address: LoopbackAddress
    private let oneTime: OneTimeAddress
    private let reception: Reception
    private let deadline: Deadline
    private var browser: BrowserWatch?
    /// Who brought something that the daemon has not judged yet; the first one's is being judged while there is a call.
    private var guests: [Reception.Guest] = []
    private var call: (connection: DaemonConnection, deadline: Deadline)?
    /// Other users whose browser was refused, and what was said of errors: each is told once.
    private var refused: Set<LoopbackOwner> = []
    private var told: Set<ServerError> = []

    /// Listens from here on; the browser is opened after that. `redirectURI` is for an address that does not name one.
    init(_ talk: LoginTalk, _ offer: LoginOffer, redirectURI: String?) throws(Failure) {
        let uri = offer.address.redirectURI ?? redirectURI
        guard let uri, let address = LoopbackAddress(uri) else { throw talk.failure(.unreachable(uri)) }
        self.talk = talk
        self.offer = offer
        self.address = address
        oneTime = OneTimeAddress(leadingTo: offer.address.text)
        let doorkeeper = Doorkeeper(address: address, oneTime: oneTime, expectation: .init(isForm: offer.address.isForm, state: offer.address.state))
        deadline = offer.deadline
        reception = Reception(try LoopbackListener(address), doorkeeper, name: talk.name)
    }

    /// Shows the person the way, and waits for the end. The browser is given an address of this listener: arguments can be read by everybody.
    func run(opening mayOpen: Bool) throws(Failure) -> Verdict {
        browser = mayOpen ? Browser.open(oneTime.text(at: address)).map { BrowserWatch($0) } : nil
        announce()
        while true {
            if let verdict = try turn() { return verdict }
        }
    }

    private func announce() {
        let name = Quotation.plain(talk.name)
        if browser != nil {
            talk.terminal.say("opening your browser to sign in for \(name); if it shows nothing, open this address in it:\n\n\(offer.address.text)\n")
        } else {
            talk.terminal.say("open this address in a browser on this machine to sign in for \(name):\n\n\(offer.address.text)\n")
            talk.terminal.say("from another machine: connect with ssh -L \(address.port):\(address.forwarded):\(address.port) first, or use --paste")
        }
        talk.terminal.say("waiting at \(address.text) until \(LocalTime.timeOfDay(offer.expires)); Ctrl-C ends it")
    }

    /// One wait, and what follows from it.
    private func turn() throws(Failure) -> Verdict? {
        try callNext()
        let doors = reception.polls
        var polls = doors + others
        let end = call?.deadline ?? deadline
        switch talk.terminal.vigil.wait(&polls, until: reception.deadline.map { min($0, end) } ?? end) {
        case .interrupted: throw call == nil ? talk.failure(.stopped) : talk.stopped()
        case .late, .ready: break
        }
        for event in reception.handle(Array(polls.prefix(doors.count))) { try take(event) }
        if polls.dropFirst(doors.count).contains(where: { $0.fd == browser?.descriptor && $0.revents != 0 }) { noticeBrowser() }
        if let call, polls.dropFirst(doors.count).contains(where: { $0.fd == call.connection.descriptor && $0.revents != 0 }) {
            return try hear(call.connection)
        }
        if end.isOver { try giveUp() }
        return nil
    }

    private func take(_ event: Reception.Event) throws(Failure) {
        switch event {
        case .answer(let guest): guests.append(guest)
        case .foreignAnswer(let guest):
            if try admits(guest.connection.owner) {
                guests.append(guest)
            } else {
                reception.answer(guest, guest.connection.owner == .unknown ? .unknownUser : .otherUser)
            }
        case .errorWithoutState(let error):
            guard told.count < ListeningLogin.mostErrorsTold, told.insert(error).inserted else { return }
            talk.terminal.say(error.sentence)
        }
    }

    /// Whether the answer of another user's browser is taken: only if somebody at the terminal says so.
    private func admits(_ owner: LoopbackOwner) throws(Failure) -> Bool {
        guard call == nil, refused.insert(owner).inserted else { return false }
        let (mine, whose): (String, String)
        switch owner {
        case .ours: return true
        case .gone: return false
        case .other(let uid): (mine, whose) = (UserPhrase.of(geteuid()), UserPhrase.withHint(uid))
        case .unknown: (mine, whose) = (UserPhrase.of(geteuid()), "a user that this machine does not tell (neither sock_diag nor /proc/net/tcp)")
        }
        guard talk.terminal.isThere else {
            talk.terminal.say(
                "an answer came from a browser of \(whose), and was refused: this sign-in is of \(mine), and there is no terminal to ask at; "
                    + "use a browser of that user, or --paste")
            return false
        }
        guard let isRight = talk.terminal.confirms("The answer came from a browser of \(whose). You are \(mine). Is that your browser?", until: deadline) else {
            throw talk.failure(deadline.isOver ? .nothingCame : .stopped)
        }
        if isRight { reception.admit(owner) } else { talk.terminal.say("that answer was refused; still waiting") }
        return isRight
    }

    private static let mostErrorsTold = 3

    private var others: [pollfd] {
        [call?.connection.descriptor, browser?.descriptor].compactMap { $0 }.filter { $0 >= 0 }
            .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    }

    private func callNext() throws(Failure) {
        guard call == nil, let guest = guests.first else { return }
        let patience = DaemonConnection.longRequest
        do throws(Failure) {
            let connection = try DaemonConnection(.callback(login: offer.id, answer: guest.answer), at: talk.socket, patience: patience)
            call = (connection, Deadline(inSeconds: Int64(patience)))
        } catch {
            close(with: .failed)
            throw error
        }
    }

    /// Reads the daemon's verdict if it is there; `nil` while the login goes on.
    private func hear(_ connection: DaemonConnection) throws(Failure) -> Verdict? {
        let verdict: Verdict
        do throws(Failure) {
            guard let line = try connection.lineSoFar() else { return nil }
            verdict = try Verdict(line)
            talk.heard(verdict)
        } catch {
            close(with: .failed)
            throw error
        }
        call = nil
        if let page = Page(verdict) {
            close(with: page)
            return verdict
        }
        reception.answer(guests.removeFirst(), .notOurs)
        talk.terminal.say("an answer of another sign-in came and was left aside; still waiting")
        return nil
    }

    private func giveUp() throws(Failure) {
        guard call == nil else {
            close(with: .failed)
            throw .silent(DaemonConnection.longRequest)
        }
        throw talk.failure(.nothingCame)
    }

    /// Sends the browser on to the last page and stays until it has been shown, a few seconds at most.
    private func close(with page: Page) {
        reception.close(with: page, guests)
        let end = Deadline(inSeconds: 3)
        while !reception.isDone, !end.isOver {
            var polls = reception.polls
            if talk.terminal.vigil.wait(&polls, until: reception.deadline.map { min($0, end) } ?? end) == .interrupted { return }
            _ = reception.handle(polls)
        }
    }

    private func noticeBrowser() {
        if let complaint = browser?.complaint() { talk.terminal.say(complaint) }
    }
}

extension LoopbackAddress {
    /// The host as `ssh -L` wants it.
    fileprivate var forwarded: String { host == .both ? "127.0.0.1" : host.rawValue }
}
