#if FAULTS
import Glibc
import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenStore

/// Every call to the disk fails once: nothing that was reported as done is lost, and the next attempt is good.
@Suite struct BadDiskTests {
    private static let jobs: [StoreJob] = [
        .commit(StoreHouse.record(1)), .prepare(StoreHouse.name, StoreHouse.intent(1)), .commit(StoreHouse.record(2)),
        .prepare(StoreHouse.name, StoreHouse.intent(2)), .prepare(StoreHouse.name, StoreHouse.intent(2, attempt: 2)), .commit(StoreHouse.record(3)),
        .prepare(StoreHouse.name, StoreHouse.intent(3)), .withdraw(StoreHouse.name), .commit(StoreHouse.record(4)),
    ]

    @Test(arguments: StoreSteps.Call.allCases, ["EIO", "ENOSPC"])
    func `RT-05 a call that fails once loses nothing that was reported as durable`(_ call: StoreSteps.Call, _ error: String) throws {
        for time in 1...30 {
            let house = try StoreHouse()
            var files = try house.files(try .faulty("fail@\(call.rawValue)=\(error):\(time)"))
            var durable: UInt64 = 0
            var failures = 0
            for job in Self.jobs {
                do {
                    try files.carryOut(job)
                } catch {
                    failures += 1
                    #expect(error.isFull == error.text.contains("no space left"))
                    #expect(error.text.contains(house.grants))
                    var now = try house.files()
                    #expect(generation(try now.found()) >= durable, "\(call) \(time)")
                    // the same once more, as the ledger would
                    try files.carryOut(job)
                }
                if case .commit(let record) = job { durable = record.generation }
                var copy = try house.files()
                let found = try copy.found()
                #expect(generation(found) == durable, "\(call) \(time)")
                if case .prepare(_, let intent) = job { #expect(found.first?.description.hasSuffix("sent \(intent.attempt)") == true) }
            }
            #expect(failures <= 1)
            #expect(try house.names() == ["portal.user"])
        }
    }

    @Test(arguments: StoreSteps.Call.allCases, [false, true])
    func `a replacement that fails says so where the next start may find it, and never else on a disk that is full`(
        _ call: StoreSteps.Call, _ hasIntent: Bool
    ) throws {
        for time in 1...8 {
            let house = try StoreHouse()
            var good = try house.files()
            try good.carryOut(.commit(StoreHouse.record(1)))
            if hasIntent { try good.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1))) }
            // an intent's own room is tried first
            let wish = (time...time + (hasIntent ? 1 : 0)).map { "fail@\(call.rawValue):\($0)" }.joined(separator: ",")
            var files = try house.files(try .faulty(wish))
            do {
                try files.carryOut(.replace(StoreHouse.record(2)))
            } catch {
                var copy = try house.files()
                #expect(try error.mayBeThere || generation(copy.found()) == 1, "\(call) \(time)")
                if call == .write || call == .create { #expect(!error.mayBeThere) }
            }
        }
    }

    private func generation(_ found: [FoundText]) -> UInt64 {
        found.first.flatMap { UInt64($0.description.split(separator: " ")[1]) } ?? 0
    }

    @Test func `RT-05 after a failed sync a new file is written, and the old one is never synced again`() throws {
        let house = try StoreHouse()
        var files = try house.files(try .faulty("fail@fsync:5"))
        try files.carryOut(.commit(StoreHouse.record(1)))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1)))
        var before = stat()
        try #require(lstat(house.grants + "/portal.user.next", &before) == 0)
        let note = try files.carryOut(.commit(StoreHouse.record(2)))
        #expect(note?.contains("cannot sync '\(house.grants)/portal.user.next': input/output error") == true)
        var after = stat()
        try #require(lstat(house.grants + "/portal.user", &after) == 0)
        #expect(before.st_ino != after.st_ino)
        #expect(try house.names() == ["portal.user"])
    }

    /// How the room of an intent came to hold what may be the only copy of a successor.
    enum Spoiling: CaseIterable { case unsynced, unnamed, damagedBeforeStart, incompleteAtStart }

    /// The files of a daemon for which `portal.user.next` is spoiled, beside the record of generation 1.
    private func spoiled(_ spoiling: Spoiling, _ house: StoreHouse) throws -> RecordFiles {
        var good = try house.files()
        try good.carryOut(.commit(StoreHouse.record(1)))
        try good.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1)))
        let wish = spoiling == .unsynced ? "fsync" : "rename"
        var files = try house.files(try .faulty("fail@\(wish):1,fail@\(wish):2"))
        switch spoiling {
        case .unsynced, .unnamed: #expect(throws: StoreFault.self) { try files.carryOut(.commit(StoreHouse.record(2))) }
        case .damagedBeforeStart:
            let damaged = house.content("portal.user.next")[..<RecordFiles.block] + Array(repeating: 7 as UInt8, count: 500)
            try house.write("portal.user.next", Array(damaged))
            files = try house.files()
            #expect(try files.found() == ["portal.user 1 sent 1"])
        case .incompleteAtStart:
            #expect(throws: StoreFault.self) { try files.carryOut(.commit(StoreHouse.record(2))) }
            files = try house.files(try .faulty("fail@fsync:1"))
            #expect(try files.found() == ["portal.user 2 unsynced"])
        }
        return files
    }

    private func inode(_ file: String, _ house: StoreHouse) throws -> UInt64 {
        var facts = stat()
        try #require(lstat(house.grants + "/" + file, &facts) == 0)
        return UInt64(facts.st_ino)
    }

    @Test(arguments: Spoiling.allCases) func `RT-05 a room that was written to once is not written again before the next intent`(_ spoiling: Spoiling) throws {
        let house = try StoreHouse()
        var files = try spoiled(spoiling, house)
        let room = try inode("portal.user.next", house)
        try files.carryOut(.commit(StoreHouse.record(3)))
        #expect(try inode("portal.user", house) != room)
        #expect(try house.names() == ["portal.user"])
    }

    @Test(arguments: [Spoiling.unsynced, .damagedBeforeStart]) func `the next intent has a room of its own, which is used`(_ spoiling: Spoiling) throws {
        let house = try StoreHouse()
        var files = try spoiled(spoiling, house)
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1, attempt: 2)))
        let room = try inode("portal.user.next", house)
        try files.carryOut(.commit(StoreHouse.record(3)))
        #expect(try inode("portal.user", house) == room)
    }

    @Test func `RT-04 RT-05 as long as nothing can be synced the old record stays, and a successor is taken when it can`() throws {
        let house = try StoreHouse()
        var good = try house.files()
        try good.carryOut(.commit(StoreHouse.record(1)))
        var files = try house.files(try .faulty("fail@fsync:1,fail@fsync:2,fail@fsync:3,fail@fsync:4"))
        let before = house.content("portal.user")
        for _ in 0..<4 {
            #expect(throws: StoreFault.self) { try files.carryOut(.commit(StoreHouse.record(2))) }
            #expect(house.content("portal.user") == before)
        }
        try files.carryOut(.commit(StoreHouse.record(2)))
        #expect(try house.names() == ["portal.user"])
    }

    @Test(arguments: ["fail@fsync:1,fail@fsync:2,fail@fsync:3", "fail@unlink:1,fail@unlink:2", "fail@rename:1,fail@rename:2"], [false, true])
    func `what cannot be opened is kept once, however often the record in its place is tried, and that is told`(_ wish: String, _ hasIntent: Bool) throws {
        let house = try StoreHouse()
        var good = try house.files()
        try good.carryOut(.commit(StoreHouse.record(1)))
        if hasIntent { try good.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1))) }
        let damaged = Array(house.content("portal.user").dropLast())
        try house.write("portal.user", damaged)
        var files = try house.files(try .faulty(wish))
        _ = try files.load(at: 1)
        var note: String?
        var tries: Int64 = 0
        while note == nil, tries < 10 {
            tries += 1
            note = try? files.perform(.replace(StoreHouse.record(2)), at: tries)
        }
        #expect(tries > 1 && note?.hasPrefix("kept as '\(house.grants)/portal.user.locked-1'") == true)
        let asides = ["portal.user.locked-1"] + (hasIntent ? ["portal.user.next.locked-1"] : [])
        #expect(try house.names() == ["portal.user"] + asides)
        #expect(house.content("portal.user.locked-1") == damaged)
        try files.carryOut(.commit(StoreHouse.record(3)))
        var copy = try house.files()
        #expect(try copy.found() == ["portal.user 3"])
    }

    @Test func `a record that only its name is refused to is written once`() throws {
        let house = try StoreHouse()
        var good = try house.files()
        try good.carryOut(.commit(StoreHouse.record(1)))
        var files = try house.files(try .faulty((1...4).map { "fail@rename:\($0)" }.joined(separator: ",")))
        for _ in 1...3 {
            let fault = #expect(throws: StoreFault.self) { try files.carryOut(.replace(StoreHouse.record(2))) }
            #expect(fault?.mayBeThere == true)
            #expect(try house.names().count == 2)
        }
        // another record is not that one
        #expect(throws: StoreFault.self) { try files.carryOut(.replace(StoreHouse.record(3))) }
        try files.carryOut(.replace(StoreHouse.record(3)))
        #expect(try house.names() == ["portal.user"])
        var copy = try house.files()
        #expect(try copy.found() == ["portal.user 3"])
    }

    @Test func `a wish for a fault is read, or refused`() {
        for good in [
            "", "kill@successor-synced", "kill@intent-synced:2", "fail@fsync", "fail@fsync:3", "fail@write=ENOSPC:2", "wait@fsync=2500:1",
            "fail@rename,kill@withdrawn", "kill@unlink",
        ] {
            #expect(FaultPlan(good) != nil, "\(good)")
        }
        for bad in [
            "kill", "kill@", "kill@somewhere", "fail@successor-synced", "fail@fsync=EWHAT", "fail@fsync:0", "fail@fsync:x", "wait@fsync", "wait@fsync=x",
            "kill@fsync=3", "die@fsync", "fail@fsync:1:2",
        ] {
            #expect(FaultPlan(bad) == nil, "\(bad)")
        }
    }
}
#endif
