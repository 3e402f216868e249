internal import CSystemd
internal import Glibc

/// A one-shot timer on CLOCK_BOOTTIME. It fires once per `set`.
@MainActor
package final class LoopTimer {
    private let sdEvent: SDEventSource
    private let fire: @MainActor () -> Void
    private var source: OpaquePointer?
    private var isOn = false
    private var microseconds = UInt64.max

    /// The kernel may delay the timer by this many microseconds to coalesce wake-ups.
    private static let accuracy: UInt64 = 1_000

    init(_ sdEvent: SDEventSource, _ fire: @escaping @MainActor () -> Void) throws(SystemError) {
        self.sdEvent = sdEvent
        self.fire = fire
        let result = sd_event_add_time(
            sdEvent.event, &source, CLOCK_BOOTTIME, .max, LoopTimer.accuracy, LoopTimer.fired,
            Unmanaged.passUnretained(self).toOpaque())
        _ = try SystemError.check(result, "cannot create a timer")
        clear()
    }

    isolated deinit { sd_event_source_disable_unref(source) }

    /// Fires once when `Clock.boottime()` reaches this time, or in the next iteration if it has passed. It replaces the previous time, and makes no
    /// call if the time is the same.
    package func set(at boottimeNanoseconds: Int64) {
        // rounded up: a timer that fires early would find nothing due and be set again
        let wanted = (UInt64(max(boottimeNanoseconds, 0)) + 999) / 1_000
        guard !isOn || wanted != microseconds else { return }
        microseconds = wanted
        sd_event_source_set_time(source, wanted)
        sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT))
        isOn = true
        sdEvent.needsRun = true
    }

    /// Disarms the timer.
    package func clear() {
        sd_event_source_set_enabled(source, Int32(SD_EVENT_OFF))
        isOn = false
    }

    private static let fired: sd_event_time_handler_t = { _, _, userdata in
        guard let userdata else { return 0 }
        let timer = Unmanaged<LoopTimer>.fromOpaque(userdata).takeUnretainedValue()
        MainActor.assumeIsolated { timer.expire() }
        return 0
    }

    private func expire() {
        isOn = false
        fire()
    }
}
