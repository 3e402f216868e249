internal import ErpNet
internal import NIOCore

/// The listeners of the instance. New ones are passed through a stream to the server loop.
actor Listeners {
    private let certificates: Certificates
    private let events: AsyncStream<ConnectionEvent>.Continuation
    private let opened: AsyncStream<HTTPListener>.Continuation
    private(set) var all: [HTTPListener] = []

    init(
        _ certificates: Certificates, events: AsyncStream<ConnectionEvent>.Continuation,
        opened: AsyncStream<HTTPListener>.Continuation
    ) {
        self.certificates = certificates
        self.events = events
        self.opened = opened
    }

    /// Opens a listener; by default on loopback and a free port.
    func start(_ kind: ListenerKind, addresses: [String] = [], port: Int = 0) async throws -> HTTPListener {
        let listener = try await HTTPListener.bind(
            kind, addresses: addresses, port: port, tls: try certificates.context(for: kind), events: events)
        all.append(listener)
        opened.yield(listener)
        return listener
    }

    /// Closes the listener of a port. Open connections stay.
    func stop(_ port: Int) async throws {
        guard let index = all.firstIndex(where: { $0.port == port }) else { throw ControlError("no listener on port \(port)") }
        await all.remove(at: index).close()
    }
}
