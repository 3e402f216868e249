import CShims
import Glibc
import Systemd
import TestSupport
import Testing

/// These change the environment, so each has a process of its own.
@Suite struct ServiceManagerTests {
    @Test func `systemd hears what the daemon says`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let manager = tokend_unix_datagram()
            try #require(tokend_unix_bind(manager, folder.path("notify")) == 0)
            setenv("NOTIFY_SOCKET", folder.path("notify"), 1)

            ServiceManager.ready(status: "serving 3 tokens")
            #expect(receive(from: manager) == "READY=1\nSTATUS=serving 3 tokens")
            ServiceManager.status("two\nREADY=1\u{0}lines")
            #expect(receive(from: manager) == "STATUS=two READY=1 lines")
            ServiceManager.watchdog()
            #expect(receive(from: manager) == "WATCHDOG=1")
            ServiceManager.stopping(status: "waiting for 2 exchanges")
            #expect(receive(from: manager) == "STOPPING=1\nSTATUS=waiting for 2 exchanges")
            ServiceManager.extendTimeout(by: 35_000_000_000)
            #expect(receive(from: manager) == "EXTEND_TIMEOUT_USEC=35000000")

            let before = tokend_monotonic() / 1_000
            ServiceManager.reloading()
            let reloading = try #require(receive(from: manager))
            #expect(reloading.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            let time = try #require(Int64(reloading.split(separator: "=")[2]))
            #expect((before...tokend_monotonic() / 1_000).contains(time))
        }
    }

    @Test func `outside systemd nothing is said and no watchdog waits`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            unsetenv("WATCHDOG_USEC")
            ServiceManager.ready(status: "serving")
            ServiceManager.reloading()
            #expect(ServiceManager.watchdogInterval() == nil)
        }
    }

    @Test func `the watchdog's interval is systemd's, for this process only`() async {
        await #expect(processExitsWith: .success) {
            setenv("WATCHDOG_USEC", "30000000", 1)
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(ServiceManager.watchdogInterval() == 30_000_000_000)
            setenv("WATCHDOG_PID", "1", 1)
            #expect(ServiceManager.watchdogInterval() == nil)
        }
    }
}
