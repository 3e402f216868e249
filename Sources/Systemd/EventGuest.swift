internal import CSystemd
internal import Glibc

/// libsystemd's event loop, driven from outside (sd_event_wait(3)): its descriptor lies in our epoll.
///
/// It goes INITIAL → prepare → ARMED → wait → PENDING → dispatch → INITIAL. Between turns it rests in ARMED, its timers armed in
/// the kernel, and costs nothing. A source that was added or moved counts only after the next prepare: that is `isMoved`.
@MainActor
final class EventGuest {
    let event: OpaquePointer
    /// Something is to be done: its descriptor is ready, or a source was added or moved.
    var isMoved = true

    init() throws(SystemError) {
        var event: OpaquePointer?
        let result = sd_event_new(&event)
        guard result >= 0, let event else { throw SystemError("cannot create an event loop", errno: -result) }
        self.event = event
    }

    isolated deinit { sd_event_unref(event) }

    /// Readable when a source is due.
    var descriptor: Int32 { sd_event_get_fd(event) }

    /// Dispatches what is due and arms the rest, in at most `steps` steps; false if there is more to do at once.
    @inline(__always)
    func settle(atMost steps: Int) throws(SystemError) -> Bool {
        guard isMoved else { return true }
        return try dispatch(atMost: steps)
    }

    private func dispatch(atMost steps: Int) throws(SystemError) -> Bool {
        isMoved = false
        var isFresh = false
        for _ in 0..<steps {
            if sd_event_get_state(event) == SD_EVENT_ARMED, isFresh, !isMoved { return true }
            isFresh = try step()
        }
        isMoved = true
        return false
    }

    /// One step of the cycle; true if it armed everything anew.
    private func step() throws(SystemError) -> Bool {
        switch sd_event_get_state(event) {
        case Int32(SD_EVENT_ARMED):
            isMoved = false
            _ = try check(sd_event_wait(event, 0))
            return false
        case Int32(SD_EVENT_PENDING):
            _ = try check(sd_event_dispatch(event))
            return false
        default:
            isMoved = false
            return try check(sd_event_prepare(event)) == 0
        }
    }

    private func check(_ result: Int32) throws(SystemError) -> Int32 {
        try SystemError.check(result, "cannot turn the event loop")
    }
}
