internal import CShims
internal import Glibc
internal import Secrets

/// Receives whoever comes to the loopback address, many at a time, and hands on what may be the answer.
final class Reception {
    /// An answer, and the browser that waits to hear what came of it.
    struct Guest {
        let answer: Secret
        let connection: BrowserConnection
    }

    /// What somebody should know of.
    enum Event {
        case answer(Guest)
        /// An answer with the right state from a process of another user: the person is asked, or it is refused.
        case foreignAnswer(Guest)
        case errorWithoutState(ServerError)
    }

    private let listener: LoopbackListener
    private var doorkeeper: Doorkeeper
    private let name: String
    private var connections: [BrowserConnection] = []
    private var polled: [BrowserConnection] = []
    /// What the last page says, once that is known.
    private var lastPage: Page?
    /// Whether a browser has been shown the last page.
    private(set) var isDone = false
    /// Whether the browser that was opened has been sent on.
    private(set) var isSentOn = false

    init(_ listener: LoopbackListener, _ doorkeeper: Doorkeeper, name: String) {
        self.listener = listener
        self.doorkeeper = doorkeeper
        self.name = name
    }

    /// What to wait for until the next `handle`.
    var polls: [pollfd] {
        polled = connections.filter { $0.interest != nil }
        return listener.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            + polled.map { pollfd(fd: $0.descriptor, events: $0.interest ?? 0, revents: 0) }
    }

    /// When the next connection has had its time; a guest who waits for the daemon has no end of their own.
    var deadline: Deadline? { connections.filter { $0.interest != nil }.map(\.deadline).min() }

    /// Goes on with everything that `polls` were found ready for. Returns what has happened.
    func handle(_ polls: [pollfd]) -> [Event] {
        var events: [Event] = []
        for (connection, poll) in zip(polled, polls.dropFirst(listener.descriptors.count)) where poll.revents != 0 {
            if let event = proceed(connection) { events.append(event) }
        }
        connections.removeAll { $0.stage == .over || $0.interest != nil && $0.deadline.isOver }
        for (descriptor, poll) in zip(listener.descriptors, polls) where poll.revents != 0 { accept(descriptor) }
        return events
    }

    /// From now on this user's browser counts as the person's own.
    func admit(_ owner: LoopbackOwner) { doorkeeper.admit(owner) }

    /// Shows a guest a page; the login goes on.
    func answer(_ guest: Guest, _ page: Page) { guest.connection.respond(page.response(about: name)) }

    /// From now on there is one page, and every guest is sent on to it.
    func close(with page: Page, _ guests: [Guest]) {
        lastPage = page
        for guest in guests { sendOn(guest.connection) }
    }

    private func proceed(_ connection: BrowserConnection) -> Event? {
        switch connection.stage {
        case .reading: return read(connection)
        case .writing: connection.write()
        case .draining: connection.drain()
        case .waiting, .over: break
        }
        return nil
    }

    private func read(_ connection: BrowserConnection) -> Event? {
        switch connection.read() {
        case .more: break
        case .faulty(let fault): connection.respond(Page(fault).response(about: name))
        case .whole(let head):
            switch connection.withInput({ doorkeeper.judge(head, in: $0, from: connection.owner) }) {
            case .answer(let answer): return receive(answer, connection).map { .answer($0) }
            case .foreignAnswer(let answer): return receive(answer, connection).map { .foreignAnswer($0) }
            case .oneTime where lastPage == nil: connection.respond(doorkeeper.oneTime.response) { [unowned self] in isSentOn = true }
            case .oneTime: sendOn(connection)
            case .done: showLastPage(connection)
            case .errorWithoutState(let error):
                connection.respond(Page.errorWithoutState.response(about: name))
                return .errorWithoutState(error)
            case .refused(let page): connection.respond(page.response(about: name))
            }
        }
        return nil
    }

    /// `nil` where it comes too late.
    private func receive(_ answer: Secret, _ connection: BrowserConnection) -> Guest? {
        guard lastPage == nil else {
            if doorkeeper.isAdmitted(connection.owner) { sendOn(connection) } else { connection.respond(Page.otherUser.response(about: name)) }
            return nil
        }
        connection.hold()
        return Guest(answer: answer, connection: connection)
    }

    private func sendOn(_ connection: BrowserConnection) { connection.respond(Page.redirect(to: doorkeeper.address.donePath)) }

    private func showLastPage(_ connection: BrowserConnection) {
        guard let lastPage else { return connection.respond(Page.nothingHere.response(about: name)) }
        connection.respond(lastPage.response(about: name)) { [unowned self] in isDone = true }
    }

    private func accept(_ descriptor: Int32) {
        for _ in 0..<Reception.most {
            let accepted = tokend_accept(descriptor)
            guard accepted >= 0 else { return }
            let connection = BrowserConnection(accepted)
            makeRoom(for: connection)
            connections.append(connection)
        }
    }

    /// Other users have a few places of their own, and displace only each other. Among ours the connection goes that has been silent for longest, or
    /// else the oldest whose request is not whole: whoever keeps connections open without asking must not keep the browser out.
    private func makeRoom(for connection: BrowserConnection) {
        let isOurs = doorkeeper.isAdmitted(connection.owner)
        let rivals = connections.filter { doorkeeper.isAdmitted($0.owner) == isOurs }
        guard rivals.count >= (isOurs ? Reception.most : Reception.mostOfOthers) else { return }
        let victim = rivals.first { $0.isSilent } ?? rivals.first { $0.stage == .reading || $0.stage == .draining } ?? rivals[0]
        connections.removeAll { $0 === victim }
    }

    /// The most connections at a time of the person's own processes, and of all others.
    private static let most = 64
    private static let mostOfOthers = 16
}
