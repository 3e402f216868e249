internal import Glibc
internal import CShims
internal import CSystemd

/// The one loop of the daemon: an epoll for everything that is read and written, drained in batches, and libsystemd's
/// sd-event as a sdEvent in it for timers and signals. Lives on the main thread and never gives it back.
///
/// A client costs what it costs a C program: one `epoll_wait` a batch. sd-event dispatches one source a turn, which is
/// too dear for clients and does not matter for timers; so it is asked only when its own descriptor is ready, or when a timer moved.
@MainActor
package final class Loop {
    private let epoll: Int32
    private let sdEvent: SDEventSource
    private var table = WatchTable()
    private let batch = UnsafeMutablePointer<epoll_event>.allocate(capacity: Loop.batchSize)
    private var signals: [LoopSignal] = []
    private var isStopping = false

    /// Called once a turn, after all events of the batch and what sd-event had: the place to write what was collected.
    package var afterBatch: (@MainActor () -> Void)?
    private var skipsWait = false
    /// Number of turns that ended. A watchdog sees a stuck loop by it.
    package private(set) var turns: UInt64 = 0
    /// CLOCK_BOOTTIME in nanoseconds, read once a turn, after the wait.
    package private(set) var now = Clock.boottime()

    /// As many events as one `epoll_wait` may return.
    private static let batchSize = 128
    /// As much as sd-event may do in one turn before the clients are heard again.
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

    /// Tells `client` whenever `fd` has one of `events` (`LoopEvents`), level-triggered. Keeps the client until `end`.
    package func watch(_ fd: Int32, _ events: UInt32, _ client: any ReadinessHandler) throws(SystemError) -> Watch {
        let watch = table.insert(client, fd: fd, events: events)
        do throws(SystemError) {
            try control(EPOLL_CTL_ADD, fd, events, watch.ticket)
            return watch
        } catch {
            _ = table.remove(watch)
            throw error
        }
    }

    /// Wants other events from now on. Free when they are the same as before; nothing happens after `end`.
    package func change(_ watch: Watch, _ events: UInt32) {
        guard let fd = table.change(watch, events) else { return }
        try? control(EPOLL_CTL_MOD, fd, events, watch.ticket)
    }

    /// Forgets the client: nothing more is delivered, not even what the present batch still holds. Call it before the
    /// descriptor is closed; it does not close it.
    package func end(_ watch: Watch) {
        guard let fd = table.remove(watch) else { return }
        try? control(EPOLL_CTL_DEL, fd, 0, 0)
    }

    /// The same for a descriptor that is closed at once, and was never duplicated: closing it takes it out of the epoll
    /// (epoll(7)), which saves a system call a connection.
    package func endBeforeClose(_ watch: Watch) { _ = table.remove(watch) }

    /// A timer on CLOCK_BOOTTIME, off until it is set. It ends with its last reference.
    package func timer(_ fire: @escaping @MainActor () -> Void) throws(SystemError) -> LoopTimer {
        try LoopTimer(sdEvent, fire)
    }

    /// Calls `fire` for every arrival of a signal. The signal is blocked here for this thread and those it starts later: call it
    /// before other threads exist.
    package func signal(_ number: Int32, _ fire: @escaping @MainActor () -> Void) throws(SystemError) {
        signals.append(try LoopSignal(number, sdEvent, fire))
    }

    /// Turns until `stop` is called.
    package func run() throws(SystemError) {
        defer { isStopping = false }
        while !isStopping { try turn() }
    }

    /// Ends `run` after the present turn.
    package func stop() { isStopping = true }

    /// Lets the next turn begin at once: there is more to do than this one may do.
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
        let ticket = event.data.u64
        if ticket == Loop.sdEventData {
            sdEvent.needsRun = true
        } else if let client = table.client(of: Watch(ticket: ticket)) {
            client.ready(event.events)
        }
    }

    private func control(_ operation: Int32, _ fd: Int32, _ events: UInt32, _ ticket: UInt64) throws(SystemError) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = ticket
        guard epoll_ctl(epoll, operation, fd, &event) == 0 else {
            throw SystemError("cannot watch descriptor \(fd)", errno: errno)
        }
    }
}
