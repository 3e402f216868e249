internal import CShims

/// Closed until another thread opens it, once.
package final class Latch: Sendable {
    private let event: EventDescriptor

    package init() throws(SystemCallFailure) { event = try EventDescriptor() }

    package func open() { event.signal() }

    /// False if it did not open in time.
    package func wait(_ nanoseconds: Int64) -> Bool {
        let end = tokend_boottime() + max(nanoseconds, 0)
        while true {
            let left = max(end - tokend_boottime(), 0)
            if event.wait(milliseconds: Int32(clamping: (left + 999_999) / 1_000_000)) { return true }
            if tokend_boottime() >= end { return false }
        }
    }
}
