internal import CSystemd
internal import Glibc

/// One moment of CLOCK_BOOTTIME at which something is to be done. Fires once for each `set`.
@MainActor
package final class LoopTimer {
    private let sdEvent: SDEventSource
    private let fire: @MainActor () -> Void
    private var source: OpaquePointer?
    private var isOn = false
    private var microseconds = UInt64.max

    /// It may be late by this much, in microseconds, so that the kernel can join wake-ups.
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

    /// Fires once, when `Clock.boottime()` has reached this; in the next turn if it has passed. Replaces what was set before, and is
    /// free when it is the same.
    package func set(at boottimeNanoseconds: Int64) {
        // rounded up: a timer that fires before its moment would find nothing due and be set again for nothing
        let wanted = (UInt64(max(boottimeNanoseconds, 0)) + 999) / 1_000
        guard !isOn || wanted != microseconds else { return }
        microseconds = wanted
        sd_event_source_set_time(source, wanted)
        sd_event_source_set_enabled(source, Int32(SD_EVENT_ONESHOT))
        isOn = true
        sdEvent.needsRun = true
    }

    /// Does not fire.
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
