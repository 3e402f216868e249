import Secrets
import Testing
import TokenLedger
import TokenWire
@testable import TokenAudit

@Suite struct AuditBytesTests {
    private static let unit = Caller(uid: 995, gid: 995, pid: 0, unit: .unit("erp-sync.service"))

    private static func entries() -> [AuditEntry] {
        var handedOut = AuditEntry(
            .handedOut, .ready, token: LedgerFixture.sync, tokenID: Fingerprint(bits: 0xfb03_4671_f12f_64b7), consumer: .unit("erp-sync.service"), caller: unit)
        handedOut.scopes = ["read", "update"]
        var failed = AuditEntry(.renewalFailed, .answered, priority: .error, token: LedgerFixture.sync, consumer: .shared, text: "it answered 503")
        (failed.issuer, failed.oauthError, failed.grant) = ("https://id.test", "temporarily_unavailable", .clientCredentials)
        var line = AuditEntry(.refused, .badRequest, caller: Caller(uid: 1000, gid: .max), reason: "unknown")
        line.request = "GTE"
        return [handedOut, failed, line, AuditEntry(.refused, .denied, consumer: .uid(7)), AuditEntry(.limitReached, .busy, consumer: .probe)]
    }

    @Test(arguments: entries().indices) func `what a summary tells survives the process`(_ number: Int) throws {
        let entry = Self.entries()[number].repeated
        let back = try #require(AuditEntry(bytes: entry.bytes(atMost: 512)))
        func message(_ entry: AuditEntry) -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: auditFields(
                    AuditSummary(slot: AuditSlot(place: 0, generation: 0), entry: entry, count: 12, seconds: 60, isFirst: false)
                ).map { ($0.0.rawValue, $0.1) })
        }
        #expect(message(back) == message(entry))
        // and counts with the same decisions made later
        #expect(AuditKey(back) == AuditKey(entry))
    }

    @Test func `what finds no room is left out, the least important first`() throws {
        var entry = Self.entries()[0]
        entry.text = String(repeating: "x", count: 500)
        let back = try #require(AuditEntry(bytes: entry.bytes(atMost: 512)))
        #expect(back.text == nil)
        #expect((back.event, back.token, back.consumer) == (entry.event, entry.token, entry.consumer))
    }

    @Test func `bytes that are damaged are an entry with less, or none`() throws {
        let bytes = Self.entries()[0].bytes(atMost: 512)
        for end in bytes.indices {
            let found = AuditEntry(bytes: bytes[..<end])
            #expect(found == nil || found?.event == .handedOut)
        }
        #expect(AuditEntry(bytes: []) == nil)
        #expect(AuditEntry(bytes: [1, 0xff, 0xff, 65]) == nil)
    }
}
