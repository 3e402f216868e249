internal import CShims
internal import Glibc

/// A call of the system that failed; its number (errno(3)).
package struct SystemCallFailure: Error, Hashable, Sendable {
    package let errno: Int32

    package init(errno: Int32) { self.errno = errno }
}

/// A descriptor that one thread waits for and any thread makes readable (eventfd(2)).
final class EventDescriptor: Sendable {
    let number: Int32

    init() throws(SystemCallFailure) {
        number = tokend_eventfd()
        guard number >= 0 else { throw SystemCallFailure(errno: -number) }
    }

    deinit { close(number) }

    func signal() { _ = tokend_eventfd_signal(number) }

    func clear() { _ = tokend_eventfd_clear(number) }

    /// False if it was not readable within so many milliseconds; -1 waits for ever.
    @discardableResult
    func wait(milliseconds: Int32 = -1) -> Bool {
        var interest = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        return poll(&interest, 1, milliseconds) > 0
    }
}
