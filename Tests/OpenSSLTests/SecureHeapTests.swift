import Glibc
import OpenSSL
import Testing

@Suite struct SecureHeapTests {
    @Test func `the heap for secrets is made once and asking again does no harm`() async {
        await #expect(processExitsWith: .success) {
            try initialiseSecureHeap()
            try initialiseSecureHeap()
        }
    }

    @Test func `a heap that may not be locked is refused each time it is asked for`() async {
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
