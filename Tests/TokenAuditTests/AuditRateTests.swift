import FoundationEssentials
import Testing

@testable import TokenAudit

@Suite struct AuditRateTests {
    @Test(
        arguments: [
            (1_000_000, 1_000_000, true), (30_000_000, 49_923, true), (nil, 49_923, true), (30_000_000, 49_922, false), (nil, nil, false),
            (1_000_000, nil, false), (60_000_000, 1_000_000, false), (30_000_000, 5, false),
        ] as [(UInt64?, UInt64?, Bool)])
    func `a limit that leaves room for all that may be written needs no word`(_ interval: UInt64?, _ burst: UInt64?, _ isEnough: Bool) {
        let warning = AuditRate.warning("tokend.service", interval: interval, burst: burst)
        #expect((warning == nil) == isEnough)
        if let warning { #expect(warning.contains("tokend.service") && warning.hasSuffix("in the unit")) }
    }

    @Test func `the unit that is installed leaves room, and is what the warning asks for`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let unit = try String(contentsOf: root.appending(path: "systemd/tokend.service"), encoding: .utf8)
        for line in ["LogRateLimitIntervalSec=1s", "LogRateLimitBurst=1000000"] {
            #expect(unit.contains("\n\(line)\n"))
            #expect(AuditRate.ofJournald.contains(line))
        }
    }
}
