import Secrets
import Testing
import TokenWire

@testable import TokenLedger

/// What a record and an intent look like as bytes, and what bytes are refused.
@Suite struct StoredRecordTests {
    nonisolated static let full = StoredRecord(
        name: TokenName("portal.user")!, kind: .refresh,
        binding: RecordBinding(
            server: "https://demodb.my.erp.net/id", clientID: "my.trusted.app/portal", grant: "authorization_code", subject: "Ännchen"),
        generation: 0x0102_0304_0506_0708, grant: 3, secret: Secret("the-refresh-token"), idToken: Secret("an.id.token"),
        scopes: ["openid", "read"], signedIn: 1_790_000_000, rotated: -1, expires: .at(1_900_000_000), idleLifetime: 86_400,
        spent: Fingerprint(bits: .max), isProven: true)

    nonisolated static let table: [StoredRecord] = {
        var reference = full
        reference.kind = .reference
        reference.expires = .never
        (reference.idToken, reference.idleLifetime, reference.spent, reference.binding.subject) = (nil, nil, nil, nil)
        (reference.scopes, reference.isProven) = ([], false)
        var tombstone = full
        tombstone.kind = .ended
        tombstone.secret = Secret("")
        var signed = full
        signed.signer = 4_294_967_294
        var unknownEnd = full
        unknownEnd.expires = nil
        var long = full
        long.secret = Secret(String(repeating: "x", count: Secret.longestToken))
        long.idToken = Secret(String(repeating: "y", count: Secret.longestToken))
        return [signed, full, reference, tombstone, unknownEnd, long]
    }()

    @Test(arguments: table)
    func `a record comes back from its bytes as it was`(_ record: StoredRecord) throws {
        #expect(try StoredRecord(bytes: record.bytes()) == record)
    }

    @Test func `the bytes of a record are those of its format, on every machine`() throws {
        var record = Self.full
        record.name = TokenName("a.b")!
        record.binding = RecordBinding(server: "s", clientID: "c", grant: "g")
        (record.idToken, record.scopes, record.expires, record.spent, record.secret) = (nil, ["r", "", "w"], nil, nil, Secret("!"))
        let bytes: [UInt8] =
            [1, 1, 0x50] + [0, 3, 0, 1, 0, 1, 0, 1, 0, 0] + [0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0]
            + [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0x6a, 0xb1, 0x3b, 0x80]
            + [255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 1, 0x51, 0x80] + Array("a.bscgr w!".utf8)
        #expect(Self.plain(try record.bytes()) == bytes)
    }

    @Test(arguments: table.prefix(5))
    func `a record cut off anywhere is refused with a reason`(_ record: StoredRecord) throws {
        let bytes = Self.plain(try record.bytes())
        for count in bytes.indices {
            #expect(throws: RecordDamage.truncated) { try StoredRecord(bytes: Self.sealed(Array(bytes[..<count]))) }
        }
        #expect(throws: RecordDamage.excess) { try StoredRecord(bytes: Self.sealed(bytes + [0])) }
    }

    /// What is still read after a change is another record, whose one form these bytes are: nothing is ever guessed.
    @Test(arguments: table.prefix(5))
    func `a record with any byte changed is refused, or is another record`(_ record: StoredRecord) throws {
        let bytes = Self.plain(try record.bytes())
        for place in bytes.indices {
            for change in [1, 2, 4, 8, 16, 32, 64, 128, 255] as [UInt8] {
                var changed = bytes
                changed[place] ^= change
                guard let other = try? StoredRecord(bytes: Self.sealed(changed)) else { continue }
                #expect(other != record)
                #expect(Self.plain(try other.bytes()) == changed)
            }
        }
    }

    @Test func `a record with any length changed is refused with a reason`() throws {
        let bytes = Self.plain(try Self.full.bytes())
        for place in 3..<25 {
            for change in [UInt8](1...255) {
                var changed = bytes
                changed[place] ^= change
                #expect(throws: RecordDamage.self) { try StoredRecord(bytes: Self.sealed(changed)) }
            }
        }
    }

    @Test func `bytes that are no record are refused with the reason`() throws {
        let bytes = Self.plain(try Self.full.bytes())
        func with(_ place: Int, _ value: UInt8) -> [UInt8] {
            var changed = bytes
            changed[place] = value
            return changed
        }
        let table: [([UInt8], RecordDamage)] = [
            (with(0, 2), .format(2)), (with(0, 0), .format(0)), (with(1, 9), .kind(9)), (with(2, 0x80), .excess),
            (with(2, 12), .flags(12)), (with(1, 3), .secret), (with(81, UInt8(ascii: "P")), .name), (with(95, 0xff), .text),
            ([], .truncated), (bytes + [UInt8](repeating: 0, count: StoredRecord.longest), .tooLong),
        ]
        for (bytes, damage) in table {
            #expect(throws: damage) { try StoredRecord(bytes: Self.sealed(bytes)) }
            #expect(!damage.description.isEmpty)
        }
    }

    @Test func `a signer is the uid of a user`() throws {
        var record = Self.full
        (record.expires, record.idleLifetime, record.spent, record.signer) = (nil, nil, nil, 1000)
        var bytes = Self.plain(try record.bytes())
        #expect(bytes[2] == 0xC3 && Array(bytes[57..<65]) == [0, 0, 0, 0, 0, 0, 3, 0xE8])
        for beyond: [UInt8] in [[0, 0, 0, 0, 255, 255, 255, 255], [0, 0, 0, 1, 0, 0, 3, 0xE8]] {
            bytes.replaceSubrange(57..<65, with: beyond)
            #expect(throws: RecordDamage.flags(0xC3)) { try StoredRecord(bytes: Self.sealed(bytes)) }
        }
    }

    @Test func `a reference token is never empty, and a tombstone always; a sign-in may have brought no refresh token`() throws {
        var signIn = Self.full
        signIn.secret = Secret("")
        #expect(try StoredRecord(bytes: try signIn.bytes()) == signIn)
        for kind in [StoredRecord.Kind.reference, .ended] {
            var record = Self.full
            record.kind = kind
            record.secret = kind == .ended ? Secret("left over") : Secret("")
            #expect(throws: RecordDamage.secret) { try record.bytes() }
        }
    }

    @Test func `a record too long with its ID token is kept without it, and never without its secret`() throws {
        var record = Self.full
        record.idToken = Secret(String(repeating: "y", count: StoredRecord.longest))
        let read = try StoredRecord(bytes: record.bytes())
        #expect(read.idToken == nil)
        #expect(read.secret == record.secret)
        record.secret = Secret(String(repeating: "x", count: StoredRecord.longest))
        #expect(throws: RecordDamage.tooLong) { try record.bytes() }
    }

    @Test func `a text too long for its length is refused, not cut`() {
        var record = Self.full
        record.binding.server = String(repeating: "s", count: 65_536)
        #expect(throws: RecordDamage.tooLong) { try record.bytes() }
    }

    @Test func `SEC-01 a record has no printable form of its secrets`() {
        let found: [Any] = [Self.full, StoreJob.commit(Self.full), StoreTask(id: 1, job: .replace(Self.full)), Found.record(Self.full, nil)]
        for value in found {
            var dumped = ""
            dump(value, to: &dumped)
            for text in [String(describing: value), String(reflecting: value), dumped] {
                #expect(!text.contains("the-refresh-token"))
                #expect(!text.contains("an.id.token"))
            }
        }
    }

    static func plain(_ secret: Secret) -> [UInt8] { secret.withBytes { Array($0) } }
    static func sealed(_ bytes: [UInt8]) -> Secret { bytes.withUnsafeBytes { Secret(copying: $0) } }
}
