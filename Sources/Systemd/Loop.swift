internal import Glibc
internal import CShims
internal import CSystemd

/// The event loop of the daemon. An epoll instance handles all descriptors in batches. libsystemd's sd-event handles timers and signals, and is one
/// of these descriptors. The loop runs on the main thread and never returns to the main executor.
///
/// sd-event dispatches one source per iteration. That is too slow for clients and fast enough for timers. So a batch of clients costs one
/// `epoll_wait`, and sd-event runs only when its descriptor is ready or a timer was changed.
@MainActor
package final class Loop {
    private let epoll: Int32
    private let sdEvent: SDEventSource
    private var table = WatchTable()
    private let batch = UnsafeMutablePointer<epoll_event>.allocate(capacity: Loop.batchSize)
    private var signals: [LoopSignal] = []
    private var isStopping = false

    /// Called once per iteration, after the batch and after sd-event: the place to write the collected output.
    package var afterBatch: (@MainActor () -> Void)?
    private var skipsWait = false
    /// The number of finished iterations. The watchdog condition uses it to detect a blocked loop.
    package private(set) var turns: UInt64 = 0
    /// CLOCK_BOOTTIME in nanoseconds, read once per iteration after the wait.
    package private(set) var now = Clock.boottime()

    /// The maximum number of events per `epoll_wait`.
    private static let batchSize = 128
    /// The maximum number of sd-event sources per iteration, so that clients are not delayed.
    private static let sdEventLimit = 64
    private static let sdEventData = UInt64.max

    package init() throws(SystemError) {
        sdEvent = try SDEventSource()
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw SystemError("cannot create an epoll", errno: errno) }
        try control(EPOLL_CTL_ADD, sdEvent.descriptor, EPOLLIN.rawValue, Loop.sdEventData)
    }

    isolated deinit {
        if epoll >= 0 { close(epoll) }
        batch.deallocate()
    }

    /// Calls `client` whenever `fd` has one of `events` (`LoopEvents`), level-triggered. Retains the client until `end`.
    package func watch(_ fd: Int32, _ events: UInt32, _ client: any ReadinessHandler) throws(SystemError) -> WatchHandle {
        let watch = table.insert(client, fd: fd, events: events)
        do throws(SystemError) {
            try control(EPOLL_CTL_ADD, fd, events, watch.epollData)
            return watch
        } catch {
            _ = table.remove(watch)
            throw error
        }
    }

    /// Changes the events. It makes no system call if they are unchanged, and has no effect after `end`.
    package func change(_ watch: WatchHandle, _ events: UInt32) {
        guard let fd = table.change(watch, events) else { return }
        try? control(EPOLL_CTL_MOD, fd, events, watch.epollData)
    }

    /// Ends the watch. No more events are delivered, including those of the current batch. Call it before closing the descriptor, which it does not
    /// close.
    package func end(_ watch: WatchHandle) {
        guard let fd = table.remove(watch) else { return }
        try? control(EPOLL_CTL_DEL, fd, 0, 0)
    }

    /// As `end`, for a descriptor that the caller closes immediately and that was never duplicated. close(2) removes it from the epoll instance
    /// (epoll(7)), which saves a system call per connection.
    package func endBeforeClose(_ watch: WatchHandle) { _ = table.remove(watch) }

    /// A timer on CLOCK_BOOTTIME, initially off. It is cancelled when its last reference is released.
    package func timer(_ fire: @escaping @MainActor () -> Void) throws(SystemError) -> LoopTimer {
        try LoopTimer(sdEvent, fire)
    }

    /// Calls `fire` for each delivery of a signal. The signal is blocked in this thread and in threads that it starts later, so call it before other
    /// threads exist.
    package func signal(_ number: Int32, _ fire: @escaping @MainActor () -> Void) throws(SystemError) {
        signals.append(try LoopSignal(number, sdEvent, fire))
    }

    /// Runs until `stop` is called.
    package func run() throws(SystemError) {
        defer { isStopping = false }
        while !isStopping { try turn() }
    }

    /// Ends `run` after the current iteration.
    package func stop() { isStopping = true }

    /// Makes the next iteration poll without blocking, because there is more work.
    package func skipNextWait() { skipsWait = true }

    private func turn() throws(SystemError) {
        let count = try wait(forever: try sdEvent.arm() && !skipsWait)
        skipsWait = false
        now = Clock.boottime()
        for index in 0..<count { deliver(batch[index]) }
        try sdEvent.serve(atMost: Loop.sdEventLimit)
        afterBatch?()
        turns &+= 1
    }

    private func wait(forever: Bool) throws(SystemError) -> Int {
        let timeout: Int32 = forever ? -1 : 0
        let count = tokend_epoll_wait(epoll, batch, Int32(Loop.batchSize), timeout)
        if count >= 0 { return Int(count) }
        guard count == -EINTR else { throw SystemError("cannot wait for events", errno: -count) }
        return 0
    }

    @inline(__always)
    private func deliver(_ event: epoll_event) {
        let epollData = event.data.u64
        if epollData == Loop.sdEventData {
            sdEvent.needsRun = true
        } else if let client = table.client(of: WatchHandle(epollData: epollData)) {
            client.ready(event.events)
        }
    }

    private func control(_ operation: Int32, _ fd: Int32, _ events: UInt32, _ epollData: UInt64) throws(SystemError) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = epollData
        guard epoll_ctl(epoll, operation, fd, &event) == 0 else {
            throw SystemError("cannot watch descriptor \(fd)", errno: errno)
        }
    }
}
