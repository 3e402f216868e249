import Glibc
import OpenSSL
import Secrets
import TestSupport
import Testing
import TokenLedger
import TokenWire
@testable import TokenStore

/// Refresh tokens that are to be revoked, on the disk.
@Suite struct RevocationFileTests {
    private static func revocation(_ number: UInt64 = 0xa1) -> Revocation {
        Revocation(
            name: StoreHouse.name, server: "https://demodb.my.erp.net/id", clientID: "portal", grant: 1, signedIn: 1_790_000_000,
            secret: Secret("out-of-use-\(number)"), id: Fingerprint(bits: number), until: 1_792_592_000)
    }

    private func revocations(_ files: inout RecordFiles) throws -> [Revocation] {
        try files.load(at: 1_790_000_500).found.compactMap { if case .revocation(let revocation) = $0 { revocation } else { nil } }
    }

    @Test func `what was written is found by the next start, beside the record, until it is removed`() throws {
        let house = try StoreHouse()
        var files = try house.files()
        try files.carryOut(.commit(StoreHouse.record(1)))
        for number in [0xa1, 0xa2, 0xa1] as [UInt64] { try files.carryOut(.writeRevocation(Self.revocation(number))) }
        #expect(try house.names() == ["portal.user", "portal.user.revoke-00000000000000a1", "portal.user.revoke-00000000000000a2"])
        #expect(house.mode(house.grants + "/portal.user.revoke-00000000000000a1") == 0o600)
        #expect(!house.content("portal.user.revoke-00000000000000a1").contains(subsequence: Array("out-of-use".utf8)))
        var next = try house.files()
        #expect(try Set(revocations(&next)) == [Self.revocation(0xa1), Self.revocation(0xa2)])
        try next.carryOut(.removeRevocation(Self.revocation(0xa1).key))
        // once more does no harm
        try next.carryOut(.removeRevocation(Self.revocation(0xa1).key))
        var last = try house.files()
        #expect(try last.found() == ["portal.user 1", "portal.user to revoke 00000000000000a2"])
    }

    @Test func `one that was renamed, damaged or is of a later version stays where it is, is told of and is not used`() throws {
        let house = try StoreHouse()
        var files = try house.files()
        try files.carryOut(.writeRevocation(Self.revocation(0xa1)))
        let good = house.content("portal.user.revoke-00000000000000a1")
        var damaged = good
        damaged[damaged.count - 1] ^= 1
        try house.write("portal.user.revoke-00000000000000b1", good)
        try house.write("portal.user.revoke-00000000000000b2", damaged)
        try house.write("portal.user.revoke-00000000000000b3", [])
        let names = try house.names()
        var next = try house.files()
        let contents = try next.load(at: 1_790_000_500)
        #expect(contents.found.map { FoundText($0) } == ["portal.user to revoke 00000000000000a1"])
        #expect(contents.notes.count { $0.contains("is not revoked before it can be read") } == 3, "\(contents.notes)")
        #expect(try house.names() == names)
    }

    #if FAULTS
    @Test(arguments: ["create", "write", "fsync", "rename"]) func `what cannot be made durable is not said to be, and leaves nothing behind`(
        call: String
    ) throws {
        let house = try StoreHouse()
        var files = try house.files(.faulty("fail@\(call):1"))
        #expect(throws: StoreFault.self) { try files.perform(.writeRevocation(Self.revocation()), at: 1_790_000_500) }
        #expect(try house.names().isEmpty)
        try files.carryOut(.writeRevocation(Self.revocation()))
        #expect(try house.names() == ["portal.user.revoke-00000000000000a1"])
    }
    #endif

    @Test func `it is sealed anew when the key changes`() throws {
        let house = try StoreHouse()
        var files = try house.files()
        try files.carryOut(.writeRevocation(Self.revocation()))
        let old = try SealingKey(StoreHouse.key)
        let keys = try SealingKeys(present: SealingKey(Secret("a new key, also of 32 bytes.....")), older: [old])
        var next = try house.files(keys: keys)
        #expect(try next.load(at: 1_790_000_500).old == [StoreHouse.name])
        #expect(try next.reseal(StoreHouse.name))
        var last = try house.files(keys: SealingKeys(present: SealingKey(Secret("a new key, also of 32 bytes....."))))
        #expect(try revocations(&last) == [Self.revocation()])
    }

    @Test func `one that is off the disk does not come back when what is left is sealed anew`() throws {
        let house = try StoreHouse()
        var files = try house.files()
        for number in [0xa1, 0xa2] as [UInt64] { try files.carryOut(.writeRevocation(Self.revocation(number))) }
        let present = try SealingKey(Secret("a new key, also of 32 bytes....."))
        var next = try house.files(keys: SealingKeys(present: present, older: [SealingKey(StoreHouse.key)]))
        _ = try next.load(at: 1_790_000_500)
        try next.carryOut(.removeRevocation(Self.revocation(0xa1).key))
        #expect(try next.reseal(StoreHouse.name))
        var last = try house.files(keys: SealingKeys(present: present))
        #expect(try revocations(&last) == [Self.revocation(0xa2)])
    }
}

extension [UInt8] {
    fileprivate func contains(subsequence part: [UInt8]) -> Bool {
        count >= part.count && (0...count - part.count).contains { self[$0..<$0 + part.count].elementsEqual(part) }
    }
}
