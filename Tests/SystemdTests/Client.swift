import Systemd

/// A client of the loop that does what the test says.
@MainActor
final class Client: Readiness {
    private(set) var events: [UInt32] = []
    private let onReady: (Client, UInt32) -> Void
    var watch: Watch?

    init(_ onReady: @escaping @MainActor (Client, UInt32) -> Void = { _, _ in }) { self.onReady = onReady }

    func ready(_ events: UInt32) {
        self.events.append(events)
        onReady(self, events)
    }
}

extension Loop {
    /// Runs until `isDone`, which is asked after every turn; gives up after ten seconds.
    func run(until isDone: @escaping @MainActor () -> Bool) throws -> Bool {
        let giveUp = try timer { [unowned self] in stop() }
        giveUp.set(at: Clock.boottime() + 10_000_000_000)
        afterBatch = { [unowned self] in if isDone() { stop() } }
        try withExtendedLifetime(giveUp) { try run() }
        afterBatch = nil
        return isDone()
    }

    /// One turn and whatever is due in it; does not wait for what is not.
    func passOneTurn() throws {
        let bell = try timer { [unowned self] in stop() }
        bell.set(at: 0)
        try withExtendedLifetime(bell) { try run() }
    }
}
