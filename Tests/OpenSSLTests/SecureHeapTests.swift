import Glibc
import OpenSSL
import Testing

@Suite struct SecureHeapTests {
    @Test func `the secure heap is created once, and a second call has no effect`() async {
        await #expect(processExitsWith: .success) {
            try initialiseSecureHeap()
            try initialiseSecureHeap()
        }
    }

    @Test func `creating the secure heap fails on every call if it may not be locked`() async {
        await #expect(processExitsWith: .success) {
            var none = rlimit(rlim_cur: 0, rlim_max: 0)
            try #require(setrlimit(__rlimit_resource_t(8), &none) == 0)  // RLIMIT_MEMLOCK
            // root may lock whatever the limit says
            if geteuid() == 0 { try #require(setuid(65_534) == 0) }
            for _ in 0..<2 {
                let error = #expect(throws: OpenSSLError.self) { try initialiseSecureHeap() }
                #expect(error?.description.contains("LimitMEMLOCK") == true)
            }
        }
    }
}
