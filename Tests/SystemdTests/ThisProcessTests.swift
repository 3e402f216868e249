import FoundationEssentials
import Glibc
import Systemd
import TestSupport
import Testing
import Threads

@Suite struct ThisProcessTests {
    @Test func `a hardened process leaves no core dump`() async {
        await #expect(processExitsWith: .success) {
            try ThisProcess.harden()
            var limit = rlimit(rlim_cur: 1, rlim_max: 1)
            getrlimit(__rlimit_resource_t(4), &limit)  // RLIMIT_CORE
            #expect(limit.rlim_cur == 0)
            #expect(limit.rlim_max == 0)
            // root owns /proc/self while the process is not dumpable
            try #require(geteuid() != 0 || seteuid(65_534) == 0)
            try ThisProcess.harden()
            #expect(open("/proc/self/environ", O_RDONLY) < 0)
        }
    }

    @Test func `SEC-04 a hardened process crashes without a report of its memory`() async {
        await #expect(processExitsWith: .success) {
            let crashes = [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]
            for number in crashes { signal(number, SIG_IGN) }
            try ThisProcess.harden()
            for number in crashes { #expect(unsafeBitCast(signal(number, SIG_DFL), to: Int.self) == 0, "signal \(number)") }
        }
    }

    @Test func `the soft limit of descriptors is raised to the hard limit`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 256, rlim_max: 1024)
            try #require(setrlimit(__rlimit_resource_t(7), &limit) == 0)  // RLIMIT_NOFILE
            #expect(try ThisProcess.raiseFileLimit() == 1024)
            #expect(try ThisProcess.raiseFileLimit() == 1024)
        }
    }

    @Test func `a thread has its name`() async {
        await #expect(processExitsWith: .success) {
            RunningThread.nameCurrent("tokend-a-long-name")
            let name = try String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            #expect(name == "tokend-a-long-n\n")
        }
    }

    @Test func `users and groups are found by name, and unknown ones are not`() {
        #expect(userID("root") == 0)
        #expect(groupID("root") == 0)
        #expect(userID("nobody") == 65_534)
        #expect(userID("no-such-user") == nil)
        #expect(groupID("no-such-group") == nil)
        #expect(userID("") == nil)
    }

    @Test(
        arguments: [
            (EACCES, "cannot read 'x': permission denied"), (ENOENT, "cannot read 'x': no such file or directory"),
            (EIO, "cannot read 'x': input/output error"), (99_999, "cannot read 'x': unknown error"),
        ] as [(Int32, String)])
    func `an error names the operation and the reason`(_ number: Int32, _ text: String) {
        #expect(SystemError("cannot read 'x'", errno: number).description == text)
    }

    @Test func `the clocks return the present time in nanoseconds`() {
        let before = Clock.boottime()
        #expect(Clock.boottime() >= before)
        #expect(abs(Clock.realtime() / 1_000_000_000 - Int64(time(nil))) <= 1)
    }
}
