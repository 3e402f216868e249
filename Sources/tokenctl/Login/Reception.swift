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

    private let listener: LoopbackListener
    private let doorkeeper: Doorkeeper
    private let name: String
    private var connections: [BrowserConnection] = []
    private var polled: [BrowserConnection] = []
    /// What the last page says, once that is known.
    private var lastPage: Page?
    /// Whether a browser has been shown the last page.
    private(set) var isDone = false

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

    /// Goes on with everything that `polls` were found ready for. Returns the answers that have arrived.
    func handle(_ polls: [pollfd]) -> [Guest] {
        var guests: [Guest] = []
        for (connection, poll) in zip(polled, polls.dropFirst(listener.descriptors.count)) where poll.revents != 0 {
            if let answer = proceed(connection) { guests.append(Guest(answer: answer, connection: connection)) }
        }
        connections.removeAll { $0.stage == .over || $0.interest != nil && $0.deadline.isOver }
        for (descriptor, poll) in zip(listener.descriptors, polls) where poll.revents != 0 { accept(descriptor) }
        return guests
    }

    /// Shows a guest a page; the login goes on.
    func answer(_ guest: Guest, _ page: Page) { guest.connection.respond(page.response(about: name)) }

    /// From now on there is one page, and every guest is sent on to it.
    func close(with page: Page, _ guests: [Guest]) {
        lastPage = page
        for guest in guests { sendOn(guest.connection) }
    }

    private func proceed(_ connection: BrowserConnection) -> Secret? {
        switch connection.stage {
        case .reading: return read(connection)
        case .writing: connection.write()
        case .draining: connection.drain()
        case .waiting, .over: break
        }
        return nil
    }

    private func read(_ connection: BrowserConnection) -> Secret? {
        switch connection.read() {
        case .more: break
        case .faulty(let fault): connection.respond(Page(fault).response(about: name))
        case .whole(let head):
            switch connection.withInput({ doorkeeper.judge(head, in: $0) }) {
            case .answer(let answer): return receive(answer, connection)
            case .done: showLastPage(connection)
            case .refused(let page): connection.respond(page.response(about: name))
            }
        }
        return nil
    }

    private func receive(_ answer: Secret, _ connection: BrowserConnection) -> Secret? {
        guard lastPage == nil else {
            sendOn(connection)
            return nil
        }
        connection.hold()
        return answer
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
            makeRoom()
            connections.append(BrowserConnection(accepted))
        }
    }

    /// Lets the connection go that has been silent for longest, or else the oldest whose request is not whole: whoever
    /// keeps connections open without asking must not keep the browser out.
    private func makeRoom() {
        guard connections.count >= Reception.most else { return }
        let victim = connections.firstIndex { $0.isSilent } ?? connections.firstIndex { $0.stage == .reading || $0.stage == .draining }
        connections.remove(at: victim ?? 0)
    }

    /// The most connections at a time.
    private static let most = 64
}
