import CShims
import Glibc
import Systemd
import TestSupport
import Testing

/// These tests change the environment, so each runs in its own process.
@Suite struct ServiceManagerTests {
    @Test func `systemd receives every notification`() async {
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

            let before = tokend_monotonic() / 1_000
            ServiceManager.reloading()
            let reloading = try #require(receive(from: manager))
            #expect(reloading.hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            let time = try #require(Int64(reloading.split(separator: "=")[2]))
            #expect((before...tokend_monotonic() / 1_000).contains(time))
        }
    }

    @Test func `a service manager that does not read blocks for a bounded time, and later receives the last state`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let manager = tokend_unix_datagram()
            try #require(tokend_unix_bind(manager, folder.path("notify")) == 0)
            setenv("NOTIFY_SOCKET", folder.path("notify"), 1)
            let filler = tokend_unix_datagram()
            while tokend_send_datagram(filler, folder.path("notify"), "x", 1) == 1 {}

            let began = tokend_monotonic()
            ServiceManager.watchdog()
            ServiceManager.status("not said")
            let memory = try FDStoreMemory("test")
            #expect(tokend_monotonic() - began < 500_000_000)
            #expect(!memory.store())
            for _ in 0..<100 { #expect(!FDStoreConnection.store(filler)) }
            #expect(tokend_monotonic() - began < 1_800_000_000)
            ServiceManager.reloading()
            ServiceManager.ready(status: "serving")
            #expect(tokend_monotonic() - began < 4_500_000_000)

            while receive(from: manager) == "x" {}
            ServiceManager.watchdog()
            #expect(receive(from: manager) == "READY=1\nSTATUS=serving")
            #expect(receive(from: manager) == "WATCHDOG=1")
            ServiceManager.watchdog()
            #expect(receive(from: manager) == "WATCHDOG=1")
        }
    }

    @Test func `the watchdog is pinged even if no descriptor is left`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let manager = tokend_unix_datagram()
            try #require(tokend_unix_bind(manager, folder.path("notify")) == 0)
            setenv("NOTIFY_SOCKET", folder.path("notify"), 1)
            ServiceManager.ready(status: "serving")
            #expect(receive(from: manager) == "READY=1\nSTATUS=serving")
            try limitDescriptors(to: 0)
            ServiceManager.watchdog()
            #expect(receive(from: manager) == "WATCHDOG=1")
            // systemd was re-executed
            close(manager)
            unlink(folder.path("notify"))
            try limitDescriptors(to: 4096)
            let another = tokend_unix_datagram()
            try #require(tokend_unix_bind(another, folder.path("notify")) == 0)
            ServiceManager.watchdog()
            #expect(receive(from: another) == "WATCHDOG=1")
        }
    }

    @Test func `the last state is sent as soon as a descriptor is free`() async {
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let manager = tokend_unix_datagram()
            try #require(tokend_unix_bind(manager, folder.path("notify")) == 0)
            setenv("NOTIFY_SOCKET", folder.path("notify"), 1)
            try limitDescriptors(to: 0)
            ServiceManager.ready(status: "serving")
            #expect(receive(from: manager) == nil)
            try limitDescriptors(to: 4096)
            ServiceManager.watchdog()
            #expect(receive(from: manager) == "READY=1\nSTATUS=serving")
            #expect(receive(from: manager) == "WATCHDOG=1")
        }
    }

    @Test func `a stored descriptor is duplicated, also with an abstract address`() async {
        await #expect(processExitsWith: .success) {
            let manager = tokend_unix_datagram()
            let address = "@tokend-test-\(getpid())"
            try #require(tokend_unix_bind(manager, address) == 0)
            setenv("NOTIFY_SOCKET", address, 1)
            // systemd 254 and newer, with FileDescriptorStoreMax=0
            setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1)
            #expect(!(try FDStoreMemory("nobody's").store()))
            setenv("FDSTORE", "68", 1)
            do {
                let memory = try FDStoreMemory("test")
                #expect(memory.store())
                try [UInt8]("kept".utf8).withUnsafeBytes { try memory.write($0, at: 0) }
            }
            #expect(receive(from: manager) == "FDSTOREREMOVE=1\nFDNAME=test")
            let (text, passed) = receiveDescriptor(from: manager)
            #expect(text == "FDSTORE=1\nFDNAME=test")
            var room = [UInt8](repeating: 0, count: 8)
            #expect(pread(passed, &room, 8, 0) == 4)
            #expect(String(decoding: room.prefix(4), as: UTF8.self) == "kept")
        }
    }

    @Test func `nothing is sent without systemd, and there is no watchdog`() async {
        await #expect(processExitsWith: .success) {
            unsetenv("NOTIFY_SOCKET")
            unsetenv("WATCHDOG_USEC")
            ServiceManager.ready(status: "serving")
            ServiceManager.reloading()
            #expect(ServiceManager.watchdogInterval() == nil)
        }
    }

    @Test func `the watchdog interval is that of systemd, for this process only`() async {
        await #expect(processExitsWith: .success) {
            setenv("WATCHDOG_USEC", "30000000", 1)
            setenv("WATCHDOG_PID", "\(getpid())", 1)
            #expect(ServiceManager.watchdogInterval() == 30_000_000_000)
            setenv("WATCHDOG_PID", "1", 1)
            #expect(ServiceManager.watchdogInterval() == nil)
        }
    }
}

/// A datagram, and the descriptor that was passed with it, or -1.
private func receiveDescriptor(from fd: Int32) -> (String, Int32) {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 8) { bytes in
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { control in
            var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &part) { part in
                var message = msghdr()
                (message.msg_iov, message.msg_iovlen) = (part, 1)
                (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
                let count = recvmsg(fd, &message, 0)
                let length = MemoryLayout<cmsghdr>.size
                let hasDescriptor = message.msg_controllen >= length + 4 && control.load(as: cmsghdr.self).cmsg_type == Int32(SCM_RIGHTS)
                let passed = hasDescriptor ? control.load(fromByteOffset: length, as: Int32.self) : -1
                return (String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self), passed)
            }
        }
    }
}
