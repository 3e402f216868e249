import FoundationEssentials
import TestSupport
import Testing
import TokenAudit
import TokenLedger
import TokenWire

@Suite struct AuditCatalogTests {
    let catalog: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        catalog = try String(contentsOf: root.appending(path: "systemd/tokend.catalog"), encoding: .utf8)
    }

    private var entries: [Substring] { catalog.split(separator: "\n-- ").dropFirst().map { $0 } }

    @Test(arguments: AuditEvent.allCases) func `every event has one entry with a subject and an explanation`(_ event: AuditEvent) throws {
        let found = entries.filter { $0.hasPrefix(event.messageID + "\n") }
        let lines = try #require(found.first).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(found.count == 1)
        #expect(lines[1].hasPrefix("Subject: "))
        #expect(lines[2] == "Defined-By: tokend")
        #expect(lines[3].isEmpty)
        #expect(lines.dropFirst(4).joined().count > 40)
    }

    private static let reasons =
        [
            "store", "locked", "audit-rate", "secure-heap", "ran-out", "reference-rejected", "not-revoked", "unconfigured", "store-note", "lost-at-end",
            AuditEntry.configuration,
        ]
        + ProbeTrouble.Kind.allCases.map(\.rawValue)

    @Test(arguments: reasons) func `of every trouble it says what to do`(_ reason: String) throws {
        let trouble = try #require(entries.first { $0.hasPrefix(AuditEvent.trouble.messageID) })
        #expect(trouble.contains("\n\(reason): "))
    }

    @Test(arguments: [AuditDecision.unsent, .answered, .unknown, .silent, .no, .configuration, .refused]) func `of every failed renewal it says what to do`(
        _ decision: AuditDecision
    ) throws {
        let failed = try #require(entries.first { $0.hasPrefix(AuditEvent.renewalFailed.messageID) })
        let decisions = failed.split(separator: "\n").compactMap { $0.firstIndex(of: ":").map($0.prefix(upTo:)) }
        #expect(decisions.contains { $0.split(whereSeparator: { ", ".contains($0) }).contains(decision.rawValue[...]) })
    }

    @Test(arguments: ConnectionCounters.Limit.allCases) func `of every limit it says where to raise it`(_ limit: ConnectionCounters.Limit) throws {
        let reached = try #require(entries.first { $0.hasPrefix(AuditEvent.limitReached.messageID) })
        #expect(reached.contains("\n\(limit.rawValue): "))
    }

    @Test func `the catalog explains no event that does not exist`() {
        #expect(entries.count == AuditEvent.allCases.count)
    }

    @Test func `message ids are 128 bits each and all different`() {
        let ids = AuditEvent.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.count == 32)
            #expect(id.allSatisfy { $0.isHexDigit && !$0.isUppercase })
        }
    }

    @Test func `tokend(8) describes every field, event and cause once, and no others`() throws {
        let page = try ManualPage("tokend.8.md")
        #expect(page.terms(under: "JOURNAL FIELDS").sorted() == AuditField.allCases.map(\.rawValue).sorted())
        #expect(page.terms(under: "EVENTS").sorted() == AuditEvent.allCases.map(\.rawValue).sorted())
        #expect(page.terms(under: "CAUSES").sorted() == Cause.allCases.map(\.rawValue).sorted())
    }

    @Test func `tokend(8) describes every decision that is no error code`() throws {
        let codes = Set(RefusalCode.allCases.map(\.rawValue))
        let decisions = AuditDecision.allCases.map(\.rawValue).filter { !codes.contains($0) }
        #expect(try ManualPage("tokend.8.md").terms(under: "DECISIONS").sorted() == decisions.sorted())
    }

    @Test func `tokend-protocol(7) describes every state of a token once, and no others`() throws {
        #expect(try ManualPage("tokend-protocol.7.md").terms(under: "STATES").sorted() == TokenState.allCases.map(\.rawValue).sorted())
    }

    @Test func `a placeholder in an explanation is a field`() {
        let known = Set(AuditField.allCases.map { $0.rawValue[...] })
        let placeholders = entries.flatMap { $0.split(separator: "@", omittingEmptySubsequences: false).enumerated() }
            .filter { $0.offset % 2 == 1 }.map(\.element)
        #expect(placeholders.count > 10)
        for placeholder in placeholders { #expect(known.contains(placeholder)) }
    }
}
