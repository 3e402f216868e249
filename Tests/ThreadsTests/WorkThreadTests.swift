import Glibc
import Synchronization
import Testing
import Threads

@Suite struct WorkThreadTests {
    @Test func `work is done in its order, also where the thread has to be started again`() throws {
        let thread = WorkThread(name: "worker")
        let done = Mutex<[Int]>([])
        for round in 0..<3 {
            for number in 0..<100 { try thread.perform { done.withLock { $0.append(round * 100 + number) } } }
            let latch = try Latch()
            try thread.perform { latch.open() }
            #expect(latch.wait(60_000_000_000))
        }
        #expect(done.withLock { $0 } == Array(0..<300))
    }

    @Test func `without a thread the work is not done, and the next one tries again`() throws {
        let isShort = Atomic(true)
        let thread = WorkThread(name: "worker") { work throws(SystemCallFailure) in
            if isShort.load(ordering: .relaxed) { throw SystemCallFailure(errno: EAGAIN) }
            try RunningThread(work).detach()
        }
        let done = Mutex<[String]>([])
        #expect(throws: SystemCallFailure(errno: EAGAIN)) { try thread.perform { done.withLock { $0.append("first") } } }
        isShort.store(false, ordering: .relaxed)
        let latch = try Latch()
        try thread.perform {
            done.withLock { $0.append("second") }
            latch.open()
        }
        #expect(latch.wait(60_000_000_000))
        #expect(done.withLock { $0 } == ["second"])
    }
}
