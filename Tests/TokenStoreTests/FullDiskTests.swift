import Glibc
import Secrets
import TestSupport
import Testing
import TokenLedger
@testable import TokenStore

/// A disk of half a megabyte, which only root can make.
@Suite(.enabled(if: geteuid() == 0), .serialized)
struct FullDiskTests {
    private final class SmallDisk {
        let house: StoreHouse

        init() throws {
            house = try StoreHouse()
            try Self.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=0700", "tmpfs", house.state])
        }

        deinit { try? Self.run(["umount", house.state]) }

        func remount(_ option: String) throws { try Self.run(["mount", "-o", "remount,\(option)", house.state]) }

        /// Leaves so many bytes.
        func fill(leaving: Int) throws {
            var facts = statvfs()
            try #require(statvfs(house.state, &facts) == 0)
            let free = Int(facts.f_bfree) * Int(facts.f_bsize)
            try StoreHouse.write(house.state + "/filling", [UInt8](repeating: 1, count: free - leaving))
        }

        private static func run(_ words: [String]) throws {
            let child = try ChildProcess(words)
            var status: Int32 = 0
            try #require(waitpid(child.pid, &status, 0) == child.pid && status == 0)
        }
    }

    @Test func `RT-05 a full disk shows before anything is sent, and keeps what was on it`() throws {
        let disk = try SmallDisk()
        var files = try disk.house.files()
        try files.carryOut(.commit(StoreHouse.record(1)))
        let before = disk.house.content("portal.user")
        try disk.fill(leaving: 40_960)
        let fault = #expect(throws: StoreFault.self) { try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1))) }
        #expect(fault?.isFull == true)
        #expect(fault?.text.hasSuffix("no space left on device") == true)
        #expect(disk.house.content("portal.user") == before)
        #expect(try disk.house.names() == ["portal.user"])
        unlink(disk.house.state + "/filling")
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1)))
    }

    @Test func `RT-05 the largest successor fits into the room that was kept for it`() throws {
        let disk = try SmallDisk()
        var files = try disk.house.files()
        try files.carryOut(.commit(StoreHouse.record(1)))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1)))
        try disk.fill(leaving: 0)
        var largest = StoreHouse.record(2)
        largest.secret = Secret(String(repeating: "x", count: Secret.longestToken))
        largest.idToken = Secret(String(repeating: "y", count: StoredRecord.longest - Secret.longestToken - 1_000))
        #expect(try files.carryOut(.commit(largest)) == nil)
        var next = try disk.house.files()
        #expect(try next.found() == ["portal.user 2"])
    }

    @Test func `a disk that became read-only keeps its records, and says so`() throws {
        let disk = try SmallDisk()
        var files = try disk.house.files()
        try files.carryOut(.commit(StoreHouse.record(1)))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(1)))
        try disk.remount("ro")
        var next = try disk.house.files()
        #expect(try next.found() == ["portal.user 1 sent 1"])
        let fault = #expect(throws: StoreFault.self) { try files.carryOut(.commit(StoreHouse.record(2))) }
        #expect(fault?.text.hasSuffix("read-only file system") == true)
        #expect(fault?.isFull == false)
        try disk.remount("rw")
        try files.carryOut(.commit(StoreHouse.record(2)))
        next = try disk.house.files()
        #expect(try next.found() == ["portal.user 2"])
    }
}
