import Glibc
import Systemd
import TestSupport
import Testing

@testable import TokenDaemon

/// A datagram socket that stands where journald's would, and reads when it is told to.
final class Journald: ReadinessHandler {
    let fd: Int32
    private let path: String
    private var onArrival: () -> Void = {}

    init(at path: String) throws {
        self.path = path
        unlink(path)
        fd = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard bound == 0 else { throw TestFailure("cannot bind '\(path)': errno \(errno)") }
    }

    isolated deinit { close(fd) }

    /// The entries that arrived, oldest first. Every value the audit writes is one line.
    func read() -> [[String: String]] {
        var entries: [[String: String]] = []
        while let text = receive(from: fd) { entries.append(fields(text)) }
        return entries
    }

    private func fields(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").map { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { first, _ in first + " and again" }
    }

    /// Turns the loop until something arrives; false after ten seconds.
    func waits(on loop: Loop) throws -> Bool {
        var arrived = false
        let watch = try loop.watch(fd, LoopEvents.readable, self)
        let end = try loop.timer { loop.stop() }
        end.set(at: Clock.boottime() + 10_000_000_000)
        onArrival = {
            arrived = true
            loop.stop()
        }
        try loop.run()
        loop.end(watch)
        return arrived
    }

    func ready(_ events: UInt32) { onArrival() }
}

extension [[String: String]] {
    /// How many decisions the entries stand for.
    var decisions: Int { reduce(0) { $0 + (Int($1["TOKEND_COUNT"] ?? "0") ?? 0) } }
    var events: [String] { map { $0["TOKEND_EVENT"] ?? "" } }
}
