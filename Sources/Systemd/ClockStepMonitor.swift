internal import CShims
internal import Glibc

/// Tells when the wall clock was set, forwards or backwards: timerfd_create(2), TFD_TIMER_CANCEL_ON_SET. A slew is no step.
@MainActor
package final class ClockStepMonitor: ReadinessHandler {
    private let fd: Int32
    private let stepped: @MainActor () -> Void

    /// Calls `stepped` on the loop after each step, for as long as the loop lives.
    package init(on loop: Loop, _ stepped: @escaping @MainActor () -> Void) throws(SystemError) {
        self.stepped = stepped
        fd = try SystemError.check(tokend_clock_step_timer(), "cannot watch the wall clock")
        _ = try loop.watch(fd, LoopEvents.readable, self)
    }

    deinit { close(fd) }

    package func ready(_ events: UInt32) {
        // reading the cancellation leaves the timer armed for the next step
        if tokend_clock_step_timer_read(fd) == 1 { stepped() }
    }
}
