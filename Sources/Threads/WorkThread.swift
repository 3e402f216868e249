internal import Synchronization

/// A serial queue on a named thread, for work that may block on a disk or on NSS and must not run on the loop.
package final class WorkThread: Sendable {
    package typealias Work = @Sendable () -> Void

    private struct State {
        var queue: [Work] = []
        var isRunning = false
    }
    private let state = Mutex(State())
    private let name: String
    private let start: Start

    /// Starts a thread that does this work and ends.
    package typealias Start = @Sendable (@escaping Work) throws(SystemCallFailure) -> Void

    /// - Parameter start: instead of a `RunningThread`, for tests.
    package init(name: String, start: @escaping Start = { work throws(SystemCallFailure) in try RunningThread(work).detach() }) {
        self.name = name
        self.start = start
    }

    /// Runs `work` on a new thread and waits for it. Memory that it frees belongs to the malloc arena of that thread, so it does not fragment the
    /// arena of the caller.
    package static func result<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value {
        let result = Result<Value>()
        guard let thread = try? RunningThread({ result.value.withLock { $0 = work() } }) else { return work() }
        thread.join()
        return result.value.withLock { $0 } ?? work()
    }

    /// Runs `work` after all work that was added before. The thread exists only while there is work. If it cannot be started, `work` is not done.
    package func perform(_ work: @escaping Work) throws(SystemCallFailure) {
        // a new thread waits at the lock for its first work
        try state.withLock { state throws(SystemCallFailure) in
            if !state.isRunning {
                try start { [self] in run() }
                state.isRunning = true
            }
            state.queue.append(work)
        }
    }

    private func run() {
        RunningThread.nameCurrent(name)
        while let work = next() { work() }
    }

    private func next() -> Work? {
        state.withLock { state in
            state.isRunning = !state.queue.isEmpty
            return state.queue.isEmpty ? nil : state.queue.removeFirst()
        }
    }
}

private final class Result<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
