import Glibc
import TestSupport
import Testing

@testable import Systemd

@Suite struct JournalRateLimitTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func link(_ name: String, _ value: String) { #expect(symlink(value, folder.path("\(name):tokend.service")) == 0) }
    private var limit: JournalRateLimit { .of("tokend.service", in: folder.path("")) }

    @Test func `a unit without limits has the default of journald`() { #expect(limit == .journaldDefault) }

    @Test func `both limits are read from the links of systemd`() {
        link("log-rate-limit-interval", "30000000")
        link("log-rate-limit-burst", "5")
        #expect(limit == .unit("tokend.service", interval: 30_000_000, burst: 5))
    }

    @Test func `a missing or invalid limit is that of journald`() {
        link("log-rate-limit-burst", "1000000")
        link("log-rate-limit-interval", "soon")
        #expect(limit == .unit("tokend.service", interval: nil, burst: 1_000_000))
    }
}
