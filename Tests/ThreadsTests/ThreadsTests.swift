import Synchronization
import Testing
import Threads

@Suite struct MailboxClosingTests {
    @Test func `what was sent before a mailbox is closed can be taken, and nothing after`() throws {
        let mailbox = try Mailbox<Int>()
        #expect(mailbox.send(1))
        mailbox.close()
        #expect(!mailbox.send(2))
        mailbox.wait()
        let first = mailbox.take(), second = mailbox.take()
        #expect(first.messages == [1] && first.isClosed)
        #expect(second.messages.isEmpty && second.isClosed)
    }

    @Test func `who waits for a mailbox is woken by another thread`() throws {
        let mailbox = try Mailbox<Int>()
        let thread = try RunningThread { mailbox.send(7) }
        mailbox.wait()
        #expect(mailbox.take().messages == [7])
        thread.join()
    }
}

@Suite struct WorkThreadTests {
    @Test func `without a thread the work is not done, and the next one tries again`() throws {
        let isShort = Atomic(true)
        let thread = WorkThread(name: "worker") { work throws(SystemCallFailure) in
            if isShort.load(ordering: .relaxed) { throw SystemCallFailure(errno: 11) }
            try RunningThread(work).detach()
        }
        let done = Mutex<[String]>([])
        #expect(throws: SystemCallFailure(errno: 11)) { try thread.perform { done.withLock { $0.append("first") } } }
        isShort.store(false, ordering: .relaxed)
        let latch = try Latch()
        try thread.perform {
            done.withLock { $0.append("second") }
            latch.open()
        }
        #expect(latch.wait(60_000_000_000))
        #expect(done.withLock { $0 } == ["second"])
    }

    @Test func `work is done in its order, and its result is waited for`() throws {
        let done = Mutex<[Int]>([])
        let latch = try Latch()
        try withExtendedLifetime(WorkThread(name: "test")) { thread in
            let record = Record()
            for number in 0..<100 { try thread.perform { record.numbers.withLock { $0.append(number) } } }
            try thread.perform { latch.open() }
            try #require(latch.wait(60_000_000_000))
            done.withLock { $0 = record.numbers.withLock { $0 } }
        }
        #expect(done.withLock { $0 } == Array(0..<100))
        #expect(WorkThread.result { 7 } == 7)
    }

    @Test func `a latch that nobody opens is waited for no longer than said`() throws {
        #expect(try !Latch().wait(1_000_000))
    }

    private final class Record: Sendable {
        let numbers = Mutex<[Int]>([])
    }
}
