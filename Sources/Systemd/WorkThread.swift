internal import Glibc
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

    package init(name: String) { self.name = name }

    /// Runs `work` on a new thread and waits for it. Memory that it frees belongs to the malloc arena of that thread, so it does not fragment the
    /// arena of the caller.
    package static func result<Value: Sendable>(_ work: @escaping @Sendable () -> Value) -> Value {
        let box = ResultBox(work)
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<AnyWork>.fromOpaque(argument).takeUnretainedValue().run()
                return nil
            }, Unmanaged<AnyWork>.passUnretained(box).toOpaque())
        if failed == 0 { pthread_join(thread, nil) } else { box.run() }
        return box.value ?? work()
    }

    /// Runs `work` after all work that was added before. The thread exists only while there is work.
    package func perform(_ work: @escaping Work) {
        let mustStart = state.withLock { state in
            state.queue.append(work)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { start() }
    }

    private func start() {
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WorkThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box)
        guard failed != 0 else { return _ = pthread_detach(thread) }
        // without a thread the work runs here, late rather than never
        Unmanaged<WorkThread>.fromOpaque(box).release()
        run()
    }

    private func run() {
        ThisProcess.nameThread(name)
        while let work = next() { work() }
    }

    private func next() -> Work? {
        state.withLock { state in
            state.isRunning = !state.queue.isEmpty
            return state.queue.isEmpty ? nil : state.queue.removeFirst()
        }
    }
}

/// Work with a result that is read after the thread has ended.
private class AnyWork {
    func run() {}
}

private final class ResultBox<Value>: AnyWork {
    private let work: () -> Value
    private(set) var value: Value?

    init(_ work: @escaping () -> Value) { self.work = work }

    override func run() { value = work() }
}
