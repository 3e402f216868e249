import FoundationEssentials
import Glibc
import Systemd
import Testing

@MainActor
@Suite struct ClockStepTests {
    /// CAP_SYS_TIME is bit 25.
    nonisolated static let maySetClock: Bool = {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return UInt64(line?.dropFirst(7).drop { $0 == "\t" } ?? "", radix: 16).map { $0 >> 25 & 1 == 1 } ?? false
    }()

    /// Sets the clock to its present time: a step of a microsecond.
    private func step() {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        clock_settime(CLOCK_REALTIME, &now)
    }

    @Test(.enabled(if: maySetClock, "needs the right to set the clock"))
    func `every step of the wall clock is reported`() throws {
        let loop = try Loop()
        var steps = 0
        let watcher = try ClockStepMonitor(on: loop) { steps += 1 }
        for round in 1...3 {
            step()
            #expect(try loop.run { steps >= round })
        }
        withExtendedLifetime(watcher) {}
    }
}
