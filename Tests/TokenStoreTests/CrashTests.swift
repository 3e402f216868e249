#if FAULTS
import Glibc
import Secrets
import Synchronization
import TestSupport
import Testing
import TokenLedger
import TokenWire
@testable import TokenStore

/// The daemon dies between any two steps of the store: what the next start finds.
@Suite struct CrashTests {
    /// Copies of the folder, one for each step, as a SIGKILL there would leave it.
    private final class Copies: Sendable {
        private let house: StoreHouse
        private let steps = Mutex<[(step: StoreSteps.Step, folder: String)]>([])

        init(_ house: StoreHouse) { self.house = house }

        func take(_ step: StoreSteps.Step) {
            steps.withLock { steps in
                let folder = house.folder.path("copy-\(steps.count)")
                mkdir(folder, 0o700)
                for name in (try? house.names()) ?? [] { try? StoreHouse.write("\(folder)/\(name)", house.content(name)) }
                steps.append((step, folder))
            }
        }

        var all: [(step: StoreSteps.Step, folder: String)] { steps.withLock { $0 } }
    }

    /// What a start finds after each step of the last job, and what is left in the folder then.
    private func finds(_ jobs: [StoreJob], wish: String = "") throws -> [(StoreSteps.Step, [FoundText], [String])] {
        let house = try StoreHouse()
        let copies = Copies(house)
        var files = try house.files()
        for job in jobs.dropLast() { try files.carryOut(job) }
        var last = try house.files(try .faulty(wish) { copies.take($0) })
        try last.carryOut(try #require(jobs.last))
        return try copies.all.map { step, folder in
            var files = try house.files(in: folder)
            let found = try files.found()
            // a second start finds the same
            var again = try house.files(in: folder)
            #expect(try again.found() == found)
            return (step, found, try house.names(in: folder))
        }
    }

    private func expect(_ finds: [(StoreSteps.Step, [FoundText], [String])], _ table: [(StoreSteps.Step, FoundText?)]) {
        #expect(finds.map(\.0) == table.map(\.0))
        for ((step, found, names), (_, expected)) in zip(finds, table) {
            #expect(found == [expected].compactMap { $0 }, "\(step)")
            let hasIntent = expected?.description.contains("sent") == true
            #expect(names == (expected == nil ? [] : hasIntent ? ["portal.user", "portal.user.next"] : ["portal.user"]), "\(step)")
        }
    }

    private let five = StoreHouse.record(5)
    private let six = StoreHouse.record(6)

    @Test func `RT-12 an intent counts from its renaming on, and not before`() throws {
        expect(
            try finds([.commit(five), .prepare(StoreHouse.name, StoreHouse.intent(5))]),
            [
                (.intentCreated, "portal.user 5"), (.intentAllocated, "portal.user 5"), (.intentWritten, "portal.user 5"),
                (.intentSynced, "portal.user 5"), (.intentRenamed, "portal.user 5 sent 1"), (.intentFolderSynced, "portal.user 5 sent 1"),
            ])
    }

    @Test func `RT-12 a second sending is never forgotten for the first`() throws {
        let jobs: [StoreJob] = [
            .commit(five), .prepare(StoreHouse.name, StoreHouse.intent(5)), .prepare(StoreHouse.name, StoreHouse.intent(5, attempt: 2)),
        ]
        expect(
            try finds(jobs),
            [
                (.intentCreated, "portal.user 5 sent 1"), (.intentAllocated, "portal.user 5 sent 1"), (.intentWritten, "portal.user 5 sent 1"),
                (.intentSynced, "portal.user 5 sent 1"), (.intentRenamed, "portal.user 5 sent 2"), (.intentFolderSynced, "portal.user 5 sent 2"),
            ])
    }

    @Test func `RT-04 a successor that was written whole is completed by the next start`() throws {
        expect(
            try finds([.commit(five), .prepare(StoreHouse.name, StoreHouse.intent(5)), .commit(six)]),
            [
                (.successorWritten, "portal.user 6"), (.successorSynced, "portal.user 6"), (.successorRenamed, "portal.user 6"),
                (.successorFolderSynced, "portal.user 6"),
            ])
    }

    @Test func `RT-04 a first record, which has no intent, is there or not, and nothing between`() throws {
        expect(
            try finds([.commit(five)]),
            [
                (.successorWritten, "portal.user 5"), (.successorSynced, "portal.user 5"), (.successorRenamed, "portal.user 5"),
                (.successorFolderSynced, "portal.user 5"),
            ])
    }

    @Test func `RT-05 the successor in a new file, after a failed sync of the old, is completed too`() throws {
        expect(
            try finds([.commit(five), .prepare(StoreHouse.name, StoreHouse.intent(5)), .commit(six)], wish: "fail@fsync:1"),
            [
                (.successorWritten, "portal.user 6"), (.successorWritten, "portal.user 6"), (.successorSynced, "portal.user 6"),
                (.successorRenamed, "portal.user 6"), (.successorFolderSynced, "portal.user 6"),
            ])
    }

    @Test func `an intent that was withdrawn is gone`() throws {
        expect(
            try finds([.commit(five), .prepare(StoreHouse.name, StoreHouse.intent(5)), .withdraw(StoreHouse.name)]),
            [(.withdrawn, "portal.user 5"), (.withdrawnFolderSynced, "portal.user 5")])
    }

    @Test func `RT-04 a process that the environment kills at a step leaves what the next one completes`() async throws {
        let house = try StoreHouse()
        var files = try house.files()
        try files.carryOut(.commit(five))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(5)))
        await #expect(processExitsWith: .signal(SIGKILL)) { [grants = house.grants as String] in
            setenv("TOKEND_FAULT", "kill@successor-synced", 1)
            var files = try StoreHouse().files(StoreSteps(), in: grants)
            try files.carryOut(.commit(StoreHouse.record(6)))
        }
        #expect(try house.names() == ["portal.user", "portal.user.next"])
        var next = try house.files()
        #expect(try next.found() == ["portal.user 6"])
    }

    @Test func `a tombstone is completed like any record`() throws {
        var tombstone = six
        tombstone.kind = .ended
        tombstone.secret = Secret("")
        for (_, found, _) in try finds([.commit(five), .commit(tombstone)]) { #expect(found == ["portal.user 6"]) }
    }

    @Test func `RT-12 half a successor leaves the old record, and that its token was sent`() throws {
        let house = try StoreHouse()
        let copies = Copies(house)
        var files = try house.files(try .faulty("") { if $0 == .successorWritten { copies.take($0) } })
        try files.carryOut(.commit(five))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(5)))
        try files.carryOut(.commit(six))
        let folder = try #require(copies.all.last?.folder)
        let (record, next) = (StoreHouse.content(folder + "/portal.user"), StoreHouse.content(folder + "/portal.user.next"))
        for count in stride(from: RecordFiles.block, to: next.count, by: 7) {
            // what is missing may be zeros, or not be in the file at all
            for half in [Array(next[..<count]), Array(next[..<count]) + [UInt8](repeating: 0, count: next.count - count)] where half != next {
                try StoreHouse.write(folder + "/portal.user", record)
                try StoreHouse.write(folder + "/portal.user.next", half)
                var files = try house.files(in: folder)
                #expect(try files.found() == ["portal.user 5 sent 1"])
                // and what comes then is not written into it
                try files.carryOut(.commit(six))
                var after = try house.files(in: folder)
                #expect(try after.found() == ["portal.user 6"])
            }
        }
    }
}
#endif
