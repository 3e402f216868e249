internal import CShims
internal import Glibc
internal import Synchronization

/// Sends messages to systemd (sd_notify(3), sd_pid_notify_with_fds(3)) with a bounded wait. libsystemd's functions block while PID 1 does not read
/// and its queue is full, and would block the loop.
enum NotifySocket {
    enum Delivery {
        /// Does not wait: the message is dropped if the queue is full, and is repeated soon.
        case ifRoom
        /// Waits up to a second. While systemd does not read, the following messages do not wait.
        case waitOnce
        /// Waits up to a second. A message that was not sent is sent before any other one. Only the newest of them is kept.
        case untilSent
    }

    private struct State {
        /// The socket stays open as long as the process: the watchdog must be notified even when no descriptor is left. Each message names the
        /// destination, so a re-executed systemd receives it.
        var socket = tokend_notify_socket()
        /// A message has timed out since systemd last read.
        var hasTimedOut = false
        var unsent: String?
    }

    private static let state = Mutex(State())
    private static let longestWait: Int32 = 1_000

    /// Whether systemd has a file descriptor store for this unit. Since version 254, `$FDSTORE` has its size unless it is 0. `$MEMORY_PRESSURE_WATCH`
    /// was introduced in the same version. For older versions the answer is `true`.
    static var hasStore: Bool {
        if let number = getenv("FDSTORE") { return String(cString: number) != "0" }
        return getenv("MEMORY_PRESSURE_WATCH") == nil
    }

    /// Returns whether the message was queued at systemd. A passed descriptor is duplicated: the caller keeps its own and may close it.
    @discardableResult
    static func send(_ text: String, passing fd: Int32 = -1, _ delivery: Delivery) -> Bool {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), path.hasPrefix("/") || path.hasPrefix("@") else { return false }
        return state.withLock { state in
            if state.socket < 0 { state.socket = tokend_notify_socket() }
            let socket = state.socket
            if delivery == .untilSent {
                // READY cancels RELOADING, and STOPPING cancels both
                state.unsent = text
            } else if let unsent = state.unsent, perform(socket, path, unsent, -1, 0) == 0 {
                state.unsent = nil
            }
            let wait =
                switch delivery {
                case .ifRoom: Int32(0)
                case .waitOnce: state.hasTimedOut ? 0 : longestWait
                case .untilSent: longestWait
                }
            let result = perform(socket, path, text, fd, wait)
            if result == 0 { state.hasTimedOut = false }
            if result == -EAGAIN, wait > 0 { state.hasTimedOut = true }
            // retried only if the queue was full or there was no socket
            if delivery == .untilSent, result != -EAGAIN, socket >= 0 { state.unsent = nil }
            return result == 0
        }
    }

    private static func perform(_ socket: Int32, _ path: String, _ text: String, _ fd: Int32, _ wait: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return -EINVAL }
            return tokend_notify(socket, path, base, bytes.count, fd, wait)
        }
    }
}
