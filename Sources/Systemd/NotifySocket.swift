internal import CShims
internal import Glibc
internal import Synchronization

/// The way to systemd (sd_notify(3), sd_pid_notify_with_fds(3)). libsystemd's own waits for good while PID 1 does not read and its queue is
/// full, and the loop would hang with it; this one waits a bounded time.
enum NotifySocket {
    enum Delivery {
        /// It comes again soon: said if there is room.
        case ifRoom
        /// A second, once: while systemd does not read, the next ones are not waited for.
        case waitOnce
        /// A second, and what was not heard then is said before anything else, until it is. The newest such word alone counts.
        case untilSent
    }

    private struct State {
        /// Ours, kept for as long as the process lives: when no descriptor is left the watchdog has to be fed all the same. systemd's
        /// is named anew in each message, so one that was executed anew hears them.
        var socket = tokend_notify_socket()
        /// Since systemd last read, somebody has waited in vain.
        var hasTimedOut = false
        var unsent: String?
    }

    private static let state = Mutex(State())
    private static let longestWait: Int32 = 1_000

    /// Whether systemd keeps descriptors. From version 254 on it names their number unless that is 0, and that version is known by another
    /// variable that came with it. Before it is believed to.
    static var hasStore: Bool {
        if let number = getenv("FDSTORE") { return String(cString: number) != "0" }
        return getenv("MEMORY_PRESSURE_WATCH") == nil
    }

    /// Whether systemd has it in its queue. A descriptor that goes along is copied: the caller's own stays the caller's, and may be closed
    /// afterwards.
    @discardableResult
    static func send(_ text: String, passing fd: Int32 = -1, _ delivery: Delivery) -> Bool {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }), path.hasPrefix("/") || path.hasPrefix("@") else { return false }
        return state.withLock { state in
            if state.socket < 0 { state.socket = tokend_notify_socket() }
            let socket = state.socket
            if delivery == .untilSent {
                // READY takes back RELOADING, and STOPPING both
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
            // only what may pass is worth another try: a full queue, or that there was no socket
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
