internal import CShims
internal import Glibc
internal import Systemd

/// Closed until another thread opens it, once.
final class Gate: Sendable {
    private let bell: Int32

    init() throws(SystemError) {
        bell = tokend_eventfd()
        guard bell >= 0 else { throw SystemError("cannot make a descriptor to wait at", errno: -bell) }
    }

    deinit { close(bell) }

    func open() { _ = tokend_eventfd_signal(bell) }

    /// False if it did not open in time.
    func wait(_ nanoseconds: Int64) -> Bool {
        let end = Clock.boottime() + max(nanoseconds, 0)
        while true {
            let left = max(end - Clock.boottime(), 0)
            var interest = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
            if poll(&interest, 1, Int32(clamping: (left + 999_999) / 1_000_000)) > 0 { return true }
            if Clock.boottime() >= end { return false }
        }
    }
}
