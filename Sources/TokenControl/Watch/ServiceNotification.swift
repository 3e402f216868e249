internal import CShims
internal import Glibc

/// What the service manager is told (sd_notify(3)): a datagram to the socket that `NOTIFY_SOCKET` names, if there is one.
struct ServiceNotification {
    private let path: String?
    private let socket = tokend_notify_socket()

    init() { path = getenv("NOTIFY_SOCKET").map { String(cString: $0) } }

    /// Assignments, a line each. A manager that cannot be reached is no reason to fail.
    func tell(_ text: String) {
        guard let path, path.hasPrefix("/") || path.hasPrefix("@") else { return }
        var text = text
        text.withUTF8 { bytes in
            guard let base = bytes.baseAddress else { return }
            // its queue may be full for a moment while a machine boots
            _ = tokend_notify(socket, path, base, bytes.count, -1, 1_000)
        }
    }
}
