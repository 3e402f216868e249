import Glibc
import OpenSSL
import Secrets
import Systemd
import Testing
import TokenLedger
import TokenWire
@testable import TokenStore

/// Records that cannot be opened: each says why, and none is overwritten.
@Suite struct LockedRecordTests {
    private static let block = RecordFiles.block

    /// A house with one good record in it.
    private func house() throws -> StoreHouse {
        let house = try StoreHouse()
        var files = try house.files()
        try files.carryOut(.commit(StoreHouse.record(5)))
        return house
    }

    private func found(_ house: StoreHouse) throws -> [FoundText] {
        var files = try house.files()
        return try files.found()
    }

    @Test func `any byte changed or missing locks a record with a reason`() throws {
        let house = try house()
        let good = house.content("portal.user")
        for place in Self.block..<good.count {
            var changed = good
            changed[place] ^= 0x10
            for bytes in [changed, Array(good[..<place])] {
                try house.write("portal.user", bytes)
                let text = try found(house).map(\.description).joined()
                #expect(text.hasPrefix("portal.user locked: it "), "\(place)")
                #expect(house.content("portal.user") == bytes)
            }
        }
    }

    @Test func `the first block of a record no longer matters`() throws {
        let house = try house()
        var changed = house.content("portal.user")
        for place in 0..<Self.block { changed[place] = UInt8(truncatingIfNeeded: place) }
        try house.write("portal.user", changed)
        #expect(try found(house) == ["portal.user 5"])
    }

    @Test func `a record under another name is told by whose it is`() throws {
        let house = try house()
        try house.write("portal.other", house.content("portal.user"))
        #expect(try found(house) == ["portal.other locked: it is the file of \"portal.user\"", "portal.user 5"])
    }

    @Test func `a record whose key is not here is told from a damaged one`() throws {
        let house = try house()
        let key = try SealingKey(StoreHouse.key)
        var files = try house.files(keys: SealingKeys(present: SealingKey()))
        #expect(try files.found().map(\.description) == ["portal.user locked: it is sealed with a key that is not here (key \(key.id))"])
    }

    @Test func `RT-21 a record from another machine is locked until that machine is admitted, and then sealed anew`() throws {
        let house = try house()
        let here = try #require(MachineID(1...16))
        var files = try house.files(machine: here)
        #expect(
            try files.found().map(\.description) == [
                "portal.user locked: it was sealed on another machine (\(StoreHouse.machine)), which may still use it"
            ])
        for admitted in [AdmittedMachines.these([StoreHouse.machine]), .any] {
            files = try house.files(machine: here, admitted: admitted)
            let contents = try files.load(at: 0)
            #expect(contents.found.map { FoundText($0) } == ["portal.user 5"])
            #expect(contents.old == [StoreHouse.name])
        }
        #expect(try files.reseal(StoreHouse.name))
        files = try house.files(machine: here)
        #expect(try files.found() == ["portal.user 5"])
        // a machine without an id cannot tell
        files = try house.files(machine: nil)
        #expect(try files.found() == ["portal.user 5"])
    }

    @Test func `RT-21 a record put back from before its last renewal is locked`() throws {
        let house = try house()
        let old = house.content("portal.user")
        var files = try house.files()
        try files.carryOut(.commit(StoreHouse.record(6)))
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(6)))
        try house.write("portal.user", old)
        #expect(try found(house) == ["portal.user locked: it is older than what was last done with it: a copy from before was put back"])
    }

    @Test func `what is no file that the daemon wrote is locked too`() throws {
        let house = try house()
        try house.write("a.empty", [])
        try house.write("a.text", Array(repeating: UInt8(ascii: "x"), count: 9_000))
        try house.write("a.zeros", Array(repeating: 0, count: 9_000))
        try house.write("a.long", Array(repeating: 1, count: RecordFiles.room + 1))
        try #require(mkdir(house.grants + "/a.folder", 0o700) == 0)
        try #require(symlink("portal.user", house.grants + "/a.link") == 0)
        try #require(mkfifo(house.grants + "/a.pipe", 0o600) == 0)
        #expect(
            try found(house) == [
                "a.empty locked: it is empty", "a.folder locked: it is not a regular file",
                FoundText(stringLiteral: "a.link locked: cannot open '\(house.grants)/a.link': too many levels of symbolic links"),
                "a.long locked: it is longer than any record may be", "a.pipe locked: it is not a regular file",
                "a.text locked: it is no file of tokend, or damaged", "a.zeros locked: it is empty", "portal.user 5",
            ])
    }

    @Test func `a locked record is not written over, whatever is asked`() throws {
        let house = try house()
        let damaged = Array(house.content("portal.user").dropLast())
        try house.write("portal.user", damaged)
        var files = try house.files()
        _ = try files.load(at: 0)
        for job in [StoreJob.commit(StoreHouse.record(6)), .prepare(StoreHouse.name, StoreHouse.intent(5)), .withdraw(StoreHouse.name)] {
            let fault = #expect(throws: StoreFault.self) { try files.carryOut(job) }
            #expect(fault?.text == "'\(house.grants)/portal.user' is left as it is: it is cut off")
        }
        #expect(house.content("portal.user") == damaged)
        #expect(try house.names() == ["portal.user"])
    }

    @Test func `a new sign-in moves a locked record aside and says where to`() throws {
        let house = try house()
        var files = try house.files()
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(5)))
        let damaged = Array(house.content("portal.user").dropLast())
        try house.write("portal.user", damaged)
        files = try house.files()
        _ = try files.load(at: 0)
        let note = try files.carryOut(.replace(StoreHouse.record(1)))
        #expect(
            note == "kept as '\(house.grants)/portal.user.locked-1790000500' and '\(house.grants)/portal.user.next.locked-1790000500'"
                + " what could not be opened: it is cut off")
        #expect(house.content("portal.user.locked-1790000500") == damaged)
        #expect(try found(house) == ["portal.user 1"])
        // it is an ordinary record from now on
        #expect(try files.carryOut(.replace(StoreHouse.record(2))) == nil)
        try files.carryOut(.commit(StoreHouse.record(3)))
        #expect(try house.names() == ["portal.user", "portal.user.locked-1790000500", "portal.user.next.locked-1790000500"])
    }

    @Test func `an intent that cannot be opened counts as the last that is allowed`() throws {
        let house = try house()
        var files = try house.files()
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(5)))
        var changed = house.content("portal.user.next")
        changed[100] ^= 1
        try house.write("portal.user.next", changed)
        files = try house.files()
        let contents = try files.load(at: 0)
        #expect(contents.found.map { FoundText($0) } == ["portal.user 5 sent 2"])
        #expect(
            contents.notes == [
                "'\(house.grants)/portal.user.next': it is damaged; its token counts as sent twice, so that it is not sent once too often"
            ])
    }

    @Test func `what does not belong in the folder is left alone and named`() throws {
        let house = try house()
        for name in ["README", "portal.user.bak", "lost+found", "Portal.User", "portal.user.next.old"] { try house.write(name, [1]) }
        try house.write("portal.user.locked-1", [1])
        try house.write(".portal.user.abc", [1])
        var files = try house.files()
        let contents = try files.load(at: 0)
        #expect(contents.found.map { FoundText($0) } == ["portal.user 5"])
        #expect(contents.notes.count == 5)
        #expect(contents.notes.contains("'\(house.grants)' has \"README\", which is ignored: it is no file of tokend"))
        // only the leftover of a write that was cut short goes
        #expect(
            try house.names() == ["Portal.User", "README", "lost+found", "portal.user", "portal.user.bak", "portal.user.locked-1", "portal.user.next.old"])
    }

    @Test func `an intent without a record is removed and told`() throws {
        let house = try house()
        var files = try house.files()
        try files.carryOut(.prepare(StoreHouse.name, StoreHouse.intent(5)))
        unlink(house.grants + "/portal.user")
        files = try house.files()
        let contents = try files.load(at: 0)
        #expect(contents.found.isEmpty && contents.notes.count == 1)
        #expect(try house.names().isEmpty)
    }

    @Test func `SEC-02 a file that others could read is closed to them and told`() throws {
        let house = try house()
        try #require(chmod(house.grants + "/portal.user", 0o644) == 0)
        var files = try house.files()
        let contents = try files.load(at: 0)
        #expect(contents.found.map { FoundText($0) } == ["portal.user 5"])
        #expect(
            contents.notes == ["'\(house.grants)/portal.user' had mode 0644, so others could read it; it has mode 0600 again"])
        #expect(house.mode(house.grants + "/portal.user") == 0o600)
    }

    @Test(.enabled(if: geteuid() == 0))
    func `SEC-02 a file of another user is locked with the remedy`() throws {
        let house = try house()
        try #require(chown(house.grants + "/portal.user", 1234, 1234) == 0)
        #expect(try found(house) == ["portal.user locked: it belongs to uid 1234; chown it to the daemon (uid 0)"])
    }

    @Test func `SEC-02 a folder that others could enter is refused`() throws {
        let house = try house()
        try #require(chmod(house.grants, 0o750) == 0)
        let error = #expect(throws: SystemError.self) { try house.files() }
        #expect(error?.description.contains("must be of uid \(geteuid()) with mode 0700") == true)
    }
}
