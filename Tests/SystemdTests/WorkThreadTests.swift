import Glibc
import Synchronization
import Systemd
import Testing

@Suite struct WorkThreadTests {
    @Test func `work is done in its order, also where the thread has to be made again`() throws {
        let thread = WorkThread(name: "worker")
        let done = Mutex<[Int]>([])
        let bell = try Mailbox<Int>()
        for round in 0..<3 {
            for number in 0..<100 { try thread.perform { done.withLock { $0.append(round * 100 + number) } } }
            try thread.perform { bell.send(round) }
            while bell.collect().isEmpty { usleep(1_000) }
        }
        #expect(done.withLock { $0 } == Array(0..<300))
    }

    @Test func `without a thread the work is not done, and the next one tries again`() throws {
        let isShort = Atomic(true)
        let thread = WorkThread(name: "worker") { isShort.load(ordering: .relaxed) ? EAGAIN : WorkThread.create($0) }
        let bell = try Mailbox<String>()
        #expect(throws: SystemError("cannot start the thread \"worker\"", errno: EAGAIN)) { try thread.perform { bell.send("first") } }
        isShort.store(false, ordering: .relaxed)
        try thread.perform { bell.send("second") }
        var heard: [String] = []
        while heard.isEmpty { heard = bell.collect() }
        #expect(heard == ["second"])
    }
}
