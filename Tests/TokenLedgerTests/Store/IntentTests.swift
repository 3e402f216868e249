import Secrets
import Testing

@testable import TokenLedger

@Suite struct IntentTests {
    static let intent = Intent(grant: 3, generation: 7, attempt: 2, token: Fingerprint(bits: 0x0102_0304_0506_0708), sent: 1_790_000_000)

    @Test func `an intent comes back from its bytes as it was`() throws {
        #expect(try Intent(bytes: Self.intent.bytes()) == Self.intent)
        #expect(
            StoredRecordTests.plain(try Self.intent.bytes())
                == [1, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0x6a, 0xb1, 0x3b, 0x80])
    }

    @Test func `an intent cut off anywhere, or longer, is refused`() throws {
        let bytes = StoredRecordTests.plain(try Self.intent.bytes())
        for count in bytes.indices {
            #expect(throws: RecordDamage.truncated) { try Intent(bytes: StoredRecordTests.sealed(Array(bytes[..<count]))) }
        }
        #expect(throws: RecordDamage.excess) { try Intent(bytes: StoredRecordTests.sealed(bytes + [0])) }
        #expect(throws: RecordDamage.format(2)) { try Intent(bytes: StoredRecordTests.sealed([2] + bytes.dropFirst())) }
    }

    @Test func `an attempt that is never made is refused both ways`() throws {
        for attempt in [0, -1, 256] {
            var intent = Self.intent
            intent.attempt = attempt
            #expect(throws: RecordDamage.attempt) { try intent.bytes() }
        }
        var bytes = StoredRecordTests.plain(try Self.intent.bytes())
        bytes[1] = 0
        #expect(throws: RecordDamage.attempt) { try Intent(bytes: StoredRecordTests.sealed(bytes)) }
    }
}
