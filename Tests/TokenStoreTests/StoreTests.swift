import Glibc
import OpenSSL
import Secrets
import Synchronization
import Systemd
import TestSupport
import Testing
import Threads
import TokenLedger
import TokenWire
@testable import TokenStore

/// The store on its thread, with the loop that hears of it.
@Suite @MainActor struct StoreTests {
    @MainActor
    final class Run {
        let house: StoreHouse
        let loop: Loop
        let store: Store
        private let guardian: LoopTimer
        private(set) var reports: [StoreReport] = []
        private(set) var notes: [String] = []
        private var isEnough: () -> Bool = { true }

        init(_ house: StoreHouse, steps: StoreSteps = .undisturbed, memory: FDStoreMemory? = nil) throws {
            let loop = try Loop()
            self.house = house
            self.loop = loop
            store = try Store(state: house.state, key: nil, sources: house.sources, steps: steps, memory: memory)
            try store.messages.open(on: loop) { [unowned store] in store.receive($0) }
            guardian = try loop.timer { loop.stop() }
            store.reported = { [unowned self] report in
                reports.append(report)
                if isEnough() { loop.stop() }
            }
            store.noted = { [unowned self] text in
                notes.append(text)
                if isEnough() { loop.stop() }
            }
        }

        func wait(until isEnough: @escaping () -> Bool) throws {
            self.isEnough = isEnough
            guardian.set(at: Clock.boottime() + .seconds(20))
            if !isEnough() { try loop.run() }
            guardian.clear()
            #expect(isEnough())
        }

        func perform(_ jobs: [StoreJob]) throws {
            let before = reports.count
            for (index, job) in jobs.enumerated() { store.perform(StoreTask(id: UInt64(before + index), job: job)) }
            try wait { [unowned self] in reports.count == before + jobs.count }
        }

        var failures: [StoreFault] {
            reports.compactMap { report in
                guard case .failure(let fault) = report.result else { return nil }
                return fault
            }
        }
    }

    @Test func `RT-04 what was reported as durable is found by the next start`() throws {
        let house = try StoreHouse()
        let run = try Run(house)
        let contents = try run.store.load()
        #expect(contents.found.isEmpty)
        #expect(contents.notes.count == 1)
        try run.perform([
            .commit(StoreHouse.record(1)), .prepare(StoreHouse.name, StoreHouse.intent(1)),
            .commit(StoreHouse.record(1, of: TokenName("portal.pat")!)),
        ])
        #expect(run.failures.isEmpty)
        #expect(run.reports.map(\.id).sorted() == [0, 1, 2])
        let next = try Run(house)
        #expect(try next.store.load().found.map { FoundText($0) } == ["portal.pat 1", "portal.user 1 sent 1"])
    }

    @Test func `jobs of one name are done in their order, those of others beside them`() throws {
        let run = try Run(try StoreHouse())
        let names = ["a.a", "a.b", "a.c"].map { TokenName($0)! }
        try run.perform((1...60).map { .commit(StoreHouse.record(UInt64($0), of: names[Int($0) % 3])) })
        #expect(run.failures.isEmpty)
        for index in 0..<3 {
            let own = run.reports.map(\.id).filter { Int($0 + 1) % 3 == index }
            #expect(own == own.sorted() && own.count == 20)
        }
        let next = try Run(run.house)
        #expect(try next.store.load().found.map { FoundText($0) } == ["a.a 60", "a.b 58", "a.c 59"])
    }

    #if FAULTS
    @Test func `RT-04 a job is reported after its own sync, and not before`() throws {
        let synced = Mutex(0)
        let steps = try StoreSteps.faulty("") { step in if step == .successorFolderSynced { synced.withLock { $0 += 1 } } }
        let run = try Run(try StoreHouse(), steps: steps)
        for number in 1...40 {
            run.store.perform(StoreTask(id: UInt64(number), job: .commit(StoreHouse.record(1, of: TokenName("a.n\(number)")!))))
        }
        try run.wait {
            #expect(synced.withLock { $0 } >= run.reports.count)
            return run.reports.count == 40
        }
        #expect(run.failures.isEmpty)
    }

    @Test func `a folder that cannot be synced fails every job that needed it`() throws {
        let run = try Run(try StoreHouse(), steps: try .faulty("fail@fsync"))
        try run.perform([.commit(StoreHouse.record(1)), .withdraw(TokenName("a.b")!)])
        #expect(run.failures.count == 2)
    }

    @Test func `the end waits for what was handed over, and not for ever`() throws {
        let run = try Run(try StoreHouse(), steps: try .faulty("wait@fsync=300:1"))
        run.store.perform(StoreTask(id: 1, job: .commit(StoreHouse.record(1))))
        run.store.perform(StoreTask(id: 2, job: .commit(StoreHouse.record(2))))
        #expect(!run.store.drain(within: 20_000_000))
        #expect(run.store.drain(within: .seconds(10)))
        #expect(try Run(run.house).store.load().found.map { FoundText($0) } == ["portal.user 2"])
    }

    @Test func `without a thread a job fails, the loop waits for no disk, and the next job is done`() throws {
        let isShort = Atomic(true)
        let thread = WorkThread(name: "store") { work throws(SystemCallFailure) in
            if isShort.load(ordering: .relaxed) { throw SystemCallFailure(errno: EAGAIN) }
            try RunningThread(work).detach()
        }
        let messages = try Mailbox<StoreMessage>()
        let house = try StoreHouse()
        let room = try StoreRoom(try house.files(), messages, thread)
        var reports: [StoreReport] = []
        func perform(_ id: UInt64) {
            room.perform(StoreTask(id: id, job: .commit(StoreHouse.record(id))))
            while reports.count < id {
                for case .report(let report) in messages.take().messages { reports.append(report) }
            }
        }
        perform(1)
        isShort.store(false, ordering: .relaxed)
        perform(2)
        #expect(reports.map(\.id) == [1, 2])
        #expect(throws: StoreFault("cannot start a thread: resource temporarily unavailable")) { try reports[0].result.get() }
        #expect(throws: Never.self) { try reports[1].result.get() }
        #expect(room.drain(within: 60_000_000_000))
        withExtendedLifetime(house) {}
    }

    @Test func `a successor that the disk is slow to take outlives a crash in memory, and is written by the next start`() throws {
        let house = try StoreHouse()
        let first = try Run(house)
        try first.perform([.commit(StoreHouse.record(1)), .prepare(StoreHouse.name, StoreHouse.intent(1))])
        let memory = try StoreHouse.memory()
        // nothing of the second reaches the disk
        let second = try Run(house, steps: try .faulty("fail@write"), memory: memory)
        _ = try second.store.load()
        try second.store.keep(StoreHouse.record(2))
        try second.perform([.commit(StoreHouse.record(2))])
        #expect(second.failures.count == 1)
        let third = try Run(house, memory: memory)
        let contents = try third.store.load()
        #expect(contents.found.map { FoundText($0) } == ["portal.user 2 unsynced"])
        #expect(contents.notes == ["the last renewal of \"portal.user\" was in memory only; it is written to the disk now"])
        try third.perform([.commit(StoreHouse.record(2))])
        #expect(third.reports.count == 1 && third.failures.isEmpty)
        let fourth = try Run(house, memory: memory)
        let after = try fourth.store.load()
        #expect(after.found.map { FoundText($0) } == ["portal.user 2"] && after.notes.isEmpty)
    }
    #endif

    @Test func `a successor of an older sign-in in memory takes nobody's place`() throws {
        let house = try StoreHouse()
        let memory = try StoreHouse.memory()
        let first = try Run(house, memory: memory)
        _ = try first.store.load()
        var present = StoreHouse.record(2)
        present.grant = 2
        try first.perform([.commit(present)])
        try first.store.keep(StoreHouse.record(3))
        for _ in 1...2 { #expect(try Run(house, memory: memory).store.load().found.map { FoundText($0) } == ["portal.user 2"]) }
    }

    @Test func `records of an older key are sealed anew in the background, their intents too`() throws {
        let house = try StoreHouse()
        try house.write(credential: "store-key", StoreHouse.key)
        var run = try Run(house)
        try run.perform([
            .commit(StoreHouse.record(1)), .commit(StoreHouse.record(2, of: TokenName("a.b")!)), .prepare(StoreHouse.name, StoreHouse.intent(1)),
        ])
        try house.write(credential: "store-key.old", StoreHouse.key)
        try house.write(credential: "store-key", Secret("an-unguessable-key-of-32-bytes-1"))
        run = try Run(house)
        #expect(try run.store.load().found.map { FoundText($0) } == ["a.b 2", "portal.user 1 sent 1"])
        try run.wait { [run] in !run.notes.isEmpty }
        let key = try SealingKey(Secret("an-unguessable-key-of-32-bytes-1"))
        #expect(run.notes == ["sealed 2 records anew with key \(key.id)"])
        // and then the old key is not needed
        unlink(house.folder.path("credentials") + "/store-key.old")
        run = try Run(house)
        #expect(try run.store.load().found.map { FoundText($0) } == ["a.b 2", "portal.user 1 sent 1"])
        #expect(run.store.drain(within: .seconds(10)))
        #expect(run.notes.isEmpty)
    }

    @Test func `SEC-02 no secret is legible in the store, and no file is open to others`() throws {
        let house = try StoreHouse()
        umask(0)
        defer { umask(0o022) }
        let run = try Run(house)
        try run.perform([
            .commit(StoreHouse.record(1, idToken: Secret("an.id.token"))), .prepare(StoreHouse.name, StoreHouse.intent(1)),
        ])
        #expect(house.mode(house.grants) == 0o700)
        #expect(try house.names() == ["portal.user", "portal.user.next"])
        for name in try house.names() {
            #expect(house.mode(house.grants + "/" + name) == 0o600)
            let text = String(decoding: house.content(name), as: UTF8.self)
            for part in ["refresh", "id.token", "erp.net", "alice"] { #expect(!text.contains(part)) }
        }
    }

    @Test func `RT-07 a second daemon on one store is refused`() throws {
        let house = try StoreHouse()
        let first = try StateFolder(house.state)
        let error = #expect(throws: SystemError.self) { try StateFolder(house.state) }
        #expect(error?.what == "another tokend uses the state folder '\(house.state)'")
        withExtendedLifetime(first) {}
    }

    @Test func `ten thousand records are all read`() throws {
        let house = try StoreHouse()
        let files = try house.files()
        for number in 1...10_000 {
            let record = StoreHouse.record(1, of: TokenName("a\(number / 100).n\(number)")!, secret: String(repeating: "x", count: 500))
            let bytes = [UInt8](repeating: 0, count: RecordFiles.block) + (try files.sealed(record))
            try house.write(record.name.recordFile, bytes)
        }
        var reading = try house.files()
        #expect(try reading.load(at: 0).found.count == 10_000)
    }
}
