internal import CShims
internal import Glibc

/// Reports when CLOCK_REALTIME is set (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET). Slewing by NTP is not reported.
@MainActor
package final class ClockStepMonitor: ReadinessHandler {
    private let fd: Int32
    private let stepped: @MainActor () -> Void

    /// Calls `stepped` on the loop after each step, as long as the loop exists.
    package init(on loop: Loop, _ stepped: @escaping @MainActor () -> Void) throws(SystemError) {
        self.stepped = stepped
        fd = try SystemError.check(tokend_clock_step_timer(), "cannot watch the wall clock")
        _ = try loop.watch(fd, LoopEvents.readable, self)
    }

    deinit { close(fd) }

    package func ready(_ events: UInt32) {
        // reading the cancellation keeps the timer armed for the next step
        if tokend_clock_step_timer_read(fd) == 1 { stepped() }
    }
}
