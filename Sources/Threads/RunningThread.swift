internal import CShims
internal import Glibc

/// A thread that was started. Joined or detached once.
package struct RunningThread: Sendable {
    private let thread: pthread_t

    /// Starts a thread that does `work` and ends.
    ///
    /// - Parameters:
    ///   - stackSize: in bytes, instead of the default.
    ///   - takesSignals: false keeps all signals from it, and from the threads that it starts.
    package init(stackSize: Int? = nil, takesSignals: Bool = true, _ work: @escaping @Sendable () -> Void) throws(SystemCallFailure) {
        var (all, before, thread, attributes) = (sigset_t(), sigset_t(), pthread_t(), pthread_attr_t())
        if !takesSignals {
            sigfillset(&all)
            pthread_sigmask(SIG_SETMASK, &all, &before)
        }
        defer { if !takesSignals { pthread_sigmask(SIG_SETMASK, &before, nil) } }
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        let argument = Unmanaged.passRetained(Work(work))
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            argument.release()
            throw SystemCallFailure(errno: code)
        }
        self.thread = thread
    }

    /// Waits for its end.
    package func join() { pthread_join(thread, nil) }

    /// Nobody waits for it.
    package func detach() { pthread_detach(thread) }

    /// The name of the calling thread in `ps -L`, cut at 15 bytes.
    package static func nameCurrent(_ name: String) { _ = tokend_set_name(name) }
}

/// What a new thread is given.
private final class Work: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
