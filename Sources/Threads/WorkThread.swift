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
    private let begin: Begin

    /// - Parameter begin: instead of pthread_create(3), for tests.
    package init(name: String, begin: Begin? = nil) {
        self.name = name
        self.begin = begin ?? Self.create
    }

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

    /// Does `work` after everything handed in before. The thread exists only while there is work; where it cannot be made, `work` is not done, and the
    /// error says why.
    package func perform(_ work: @escaping Work) throws(SystemError) {
        // a new thread waits at the lock for its first work
        let failed = state.withLock { state -> Int32 in
            if !state.isRunning {
                let failed = start()
                guard failed == 0 else { return failed }
                state.isRunning = true
            }
            state.queue.append(work)
            return 0
        }
        if failed != 0 { throw SystemError("cannot start the thread \"\(name)\"", errno: failed) }
    }

    /// Returns an error number, or 0.
    private func start() -> Int32 {
        let box = Unmanaged.passRetained(self).toOpaque()
        let failed = begin(box)
        if failed != 0 { Unmanaged<WorkThread>.fromOpaque(box).release() }
        return failed
    }

    /// Makes the thread that runs the `WorkThread` it is given; returns the error number of pthread_create(3), or 0.
    package typealias Begin = @Sendable (UnsafeMutableRawPointer) -> Int32

    package static let create: Begin = { box in
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<WorkThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, box)
        return failed != 0 ? failed : pthread_detach(thread)
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
