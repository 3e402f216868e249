internal import CSystemd
internal import Glibc

/// libsystemd's event loop, driven by another loop (sd_event_wait(3)): its descriptor is in the daemon's epoll instance.
///
/// Its states are INITIAL → prepare → ARMED → wait → PENDING → dispatch → INITIAL. Between iterations it is ARMED, with its timers in the kernel, and
/// costs nothing. A source that was added or changed takes effect with the next prepare, which `needsRun` requests.
@MainActor
final class SDEventSource {
    let event: OpaquePointer
    /// Its descriptor is ready, or a source was added or changed.
    var needsRun = true

    init() throws(SystemError) {
        var event: OpaquePointer?
        let result = sd_event_new(&event)
        guard result >= 0, let event else { throw SystemError("cannot create an event loop", errno: -result) }
        self.event = event
    }

    isolated deinit { sd_event_unref(event) }

    /// Readable when a source is due.
    var descriptor: Int32 { sd_event_get_fd(event) }

    /// Dispatches at most `limit` due sources. If more are due, `needsRun` stays set.
    @inline(__always)
    func serve(atMost limit: Int) throws(SystemError) {
        if needsRun { try dispatch(atMost: limit) }
    }

    /// Prepares changed sources without dispatching any. Returns `true` if nothing is due: only then may the outer epoll block.
    @inline(__always)
    func arm() throws(SystemError) -> Bool {
        guard needsRun else { return true }
        return try prepare()
    }

    private func dispatch(atMost limit: Int) throws(SystemError) {
        for _ in 0..<limit {
            if try prepare() { return }
            _ = try check(sd_event_dispatch(event))
        }
    }

    /// From any state to ARMED (true) or PENDING (false).
    private func prepare() throws(SystemError) -> Bool {
        if state == SD_EVENT_ARMED { _ = try check(sd_event_wait(event, 0)) }
        if state == SD_EVENT_INITIAL { _ = try check(sd_event_prepare(event)) }
        needsRun = state != SD_EVENT_ARMED
        return !needsRun
    }

    private var state: Int { Int(sd_event_get_state(event)) }

    private func check(_ result: Int32) throws(SystemError) -> Int32 {
        try SystemError.check(result, "cannot run the event loop")
    }
}
