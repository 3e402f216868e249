internal import CShims
internal import Glibc

/// The person's own browser, started without a shell.
struct Browser {
    /// The program that was started.
    let program: String
    let process: Int32

    /// Opens an address. `nil` when there is no browser to be had, or it would not be the person's: root opens none for
    /// somebody else, and a text browser must not take the terminal over.
    static func open(_ address: String) -> Browser? {
        guard isOurOwn else { return nil }
        for arguments in candidates(address) {
            var arguments = arguments.map { strdup($0) } + [nil]
            defer { arguments.forEach { free($0) } }
            let process = tokend_start_apart(&arguments)
            if process > 0 { return Browser(program: arguments[0].map { String(cString: $0) } ?? "", process: process) }
        }
        return nil
    }

    /// The words of each command to try, the address among them.
    private static func candidates(_ address: String) -> [[String]] {
        let named = (environment("BROWSER") ?? "").split(separator: ":").compactMap { command(String($0), address) }
        let isGraphical = environment("DISPLAY") != nil || environment("WAYLAND_DISPLAY") != nil
        return named + (isGraphical ? [["xdg-open", address]] : [])
    }

    /// `firefox --new-window %s`; without `%s` the address comes last.
    private static func command(_ text: String, _ address: String) -> [String]? {
        let words = text.split(separator: " ")
        guard !words.isEmpty else { return nil }
        guard words.contains(where: { $0.contains("%s") }) else { return words.map(String.init) + [address] }
        return words.map { word in
            let parts = word.split(separator: "%", omittingEmptySubsequences: false)
            return parts.dropFirst().reduce(String(parts[0])) { $0 + ($1.hasPrefix("s") ? address + $1.dropFirst() : "%" + $1) }
        }
    }

    /// Whether this process is the person's: not root on behalf of somebody else (sudo, su, doas, pkexec).
    private static var isOurOwn: Bool {
        guard getuid() == geteuid() else { return false }
        guard getuid() == 0 else { return true }
        let isLent = ["SUDO_UID", "PKEXEC_UID", "DOAS_USER"].contains { environment($0) != nil }
        return !isLent && (loginUser == nil || loginUser == 0)
    }

    /// Who opened this session, as the kernel remembers it across sudo and su; `nil` when nobody did.
    private static var loginUser: UInt32? {
        var digits = [UInt8](repeating: 0, count: 16)
        let count = digits.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { tokend_read_proc(getpid(), "loginuid", $0, bytes.count) } ?? 0
        }
        let user = UInt32(String(decoding: digits.prefix(max(count, 0)), as: UTF8.self))
        return user == .max ? nil : user
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}

/// Notices a browser that could not do what it was started for.
final class BrowserWatch {
    private let browser: Browser
    /// -1 once it has ended.
    private(set) var descriptor: Int32

    init(_ browser: Browser) {
        self.browser = browser
        descriptor = tokend_pidfd_open(browser.process)
    }

    deinit { forget() }

    /// What to tell the person once the program has ended in failure.
    func complaint() -> String? {
        var status: Int32 = 0
        let ended = waitpid(browser.process, &status, WNOHANG)
        guard ended != 0 else { return nil }
        forget()
        return ended > 0 && status != 0 ? "\(browser.program) could not open a browser; open the address yourself" : nil
    }

    private func forget() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }
}
