import Dispatch
import Systemd
import Threads

/// A client of the loop whose behaviour the test defines.
@MainActor
final class Client: ReadinessHandler {
    private(set) var events: [UInt32] = []
    private let onReady: (Client, UInt32) -> Void
    var watch: WatchHandle?

    init(_ onReady: @escaping @MainActor (Client, UInt32) -> Void = { _, _ in }) { self.onReady = onReady }

    func ready(_ events: UInt32) {
        self.events.append(events)
        onReady(self, events)
    }
}

extension Loop {
    /// Runs until `isDone`, which is evaluated after every iteration. Fails after ten seconds.
    func run(until isDone: @escaping @MainActor () -> Bool) throws -> Bool {
        try stop(after: 10)
        afterBatch = { [unowned self] in if isDone() { stop() } }
        try run()
        afterBatch = nil
        return isDone()
    }

    /// Uses another clock than the loop, whose own clock may be broken.
    private func stop(after seconds: Int) throws {
        let alarm = try Mailbox<Void>()
        try alarm.open(on: self) { [unowned self] in stop() }
        DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds)) { alarm.send(()) }
    }

    /// One iteration, which does not block.
    func passOneTurn() throws {
        let wakeUp = try timer { [unowned self] in stop() }
        wakeUp.set(at: 0)
        try withExtendedLifetime(wakeUp) { try run() }
    }
}
