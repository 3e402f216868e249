internal import Glibc
internal import Synchronization

/// One named thread that does one thing after another: for work that may wait for a disk or a name service, which the loop must not.
package final class WorkThread: Sendable {
    package typealias Work = @Sendable () -> Void

    private struct State {
        var queue: [Work] = []
        var isRunning = false
    }
    private let state = Mutex(State())
    private let name: String

    package init(name: String) { self.name = name }

    /// Does one thing on a thread of its own and waits for it. The memory that it frees is that thread's, and does not lie between
    /// what this one makes afterwards.
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

    /// Does `work` after everything handed in before. The thread exists only while there is work.
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
        // without a thread the work is done late rather than never
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

/// Work whose result is fetched once its thread has ended.
private class AnyWork {
    func run() {}
}

private final class ResultBox<Value>: AnyWork {
    private let work: () -> Value
    private(set) var value: Value?

    init(_ work: @escaping () -> Value) { self.work = work }

    override func run() { value = work() }
}
