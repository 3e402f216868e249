internal import CShims
internal import Glibc

/// Has the service manager reload the unit that reads the file, or restart it where it cannot; nothing happens to a unit that is not up.
final class UnitReload {
    private let unit: String
    private var process: Int32 = 0
    /// Readable once systemctl has ended; -1 while none runs.
    private(set) var descriptor: Int32 = -1
    private var isWanted = false

    init(_ unit: String) { self.unit = unit }

    /// The job is only put into the manager's queue: a unit that starts after this one could otherwise never be waited for. While one is on its way
    /// the next one waits for its turn.
    /// Returns what is to be said if there is no systemctl.
    func start() -> String? {
        isWanted = true
        return descriptor < 0 ? begin() : nil
    }

    /// Called once systemctl has ended: what is to be said if it failed.
    func complaint() -> String? {
        let status = tokend_has_ended(process)
        guard status != -EAGAIN else { return nil }
        close(descriptor)
        descriptor = -1
        let next = isWanted ? begin() : nil
        guard next == nil, status != 0 else { return next }
        return "\(unit) could not be reloaded: systemctl ended with \(status); another user than root needs a polkit rule for "
            + "org.freedesktop.systemd1.manage-units"
    }

    private func begin() -> String? {
        isWanted = false
        let words: [String] = ["systemctl", "--no-block", "--no-ask-password", "try-reload-or-restart", unit]
        var arguments = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        process = tokend_start_beside(&arguments, -1, -1, -1)
        descriptor = process > 0 ? tokend_pidfd_open(process) : -1
        return descriptor < 0 ? "\(unit) could not be reloaded: systemctl cannot be run" : nil
    }
}
