import Secrets
import Testing
import TokenLedger
import TokenWire

@testable import TokenAudit

@Suite struct AuditMessageTests {
    static let slot = AuditSlot(place: 0, generation: 0)

    static func with(_ entry: AuditEntry, _ change: (inout AuditEntry) -> Void) -> AuditEntry {
        var entry = entry
        change(&entry)
        return entry
    }

    static let issued = with(AuditEntry(.renewed, .issued, token: Sample.sync, tokenID: Sample.id, consumer: .unit("erp-sync.service"))) {
        $0.issuer = "https://demodb.my.erp.net/id"
        $0.remaining = 3_600
    }

    @Test(arguments: [
        (Sample.handOut(), "portal.sync handed out to erp-sync.service (uid 995), token 9f3ac2d1770b41e6"),
        (Sample.handOut(to: .uid(995)), "portal.sync handed out to uid 995 in erp-sync.service, token 9f3ac2d1770b41e6"),
        (Sample.handOut(to: .shared), "portal.sync handed out to uid 995 in erp-sync.service, token 9f3ac2d1770b41e6"),
        (Sample.denial(), "an unknown token refused to uid 1000 in cron.service: denied"),
        (Sample.denial(of: Sample.sync), "portal.sync refused to uid 1000 in cron.service: denied"),
        (
            with(Sample.handOut()) { $0.request = "LoadCredential" },
            "portal.sync handed out to erp-sync.service (uid 995) by LoadCredential, token 9f3ac2d1770b41e6"
        ),
        (
            with(Sample.denial(of: Sample.sync)) { ($0.request, $0.text) = ("LoadCredential", "no entry is for \"cron.service\"") },
            "portal.sync refused to uid 1000 in cron.service by LoadCredential: denied: no entry is for \"cron.service\""
        ),
        (
            with(Sample.denial()) { ($0.request, $0.reason, $0.text) = ("LoadCredential", "address", "not of systemd's form") },
            "LoadCredential refused to uid 1000 in cron.service: denied (address): not of systemd's form"
        ),
        (with(Sample.denial()) { $0.request = "RELOAD" }, "RELOAD refused to uid 1000 in cron.service: denied"),
        (
            with(Sample.handOut()) { ($0.event, $0.decision, $0.reason) = (.refused, .unavailable, "audit") },
            "portal.sync refused to erp-sync.service (uid 995): unavailable (audit)"
        ),
        (
            with(Sample.handOut()) { ($0.event, $0.decision) = (.rejected, .cooling) },
            "portal.sync reported as rejected by erp-sync.service (uid 995), token 9f3ac2d1770b41e6: cooling"
        ),
        (issued, "portal.sync obtained for erp-sync.service from demodb.my.erp.net, token 9f3ac2d1770b41e6, valid for 60 min"),
        (
            with(issued) { ($0.previousID, $0.expires) = (Sample.successor, .never) },
            "portal.sync renewed for erp-sync.service from demodb.my.erp.net, token 9f3ac2d1770b41e6 after 0123456789abcdef, never expires"
        ),
        (
            Sample.failure(),
            "could not renew \"portal.sync\" for erp-sync.service: the token endpoint answered 503; "
                + "still serving the present token for 12 min, trying again in 40 s"
        ),
        (
            with(Sample.failure()) { ($0.remaining, $0.retryAfter) = (nil, nil) },
            "could not obtain \"portal.sync\" for erp-sync.service: the token endpoint answered 503; "
                + "no token is held, not trying again before a sign-in, RENEW or a restart"
        ),
        (
            with(Sample.failure()) { ($0.consumer, $0.remaining) = (.shared, 0) },
            "could not renew \"portal.sync\" for all its consumers: the token endpoint answered 503; "
                + "the present token has expired, trying again in 40 s"
        ),
        (AuditEntry(.configurationLoaded, text: "3 applications, 5 tokens"), "configuration loaded: 3 applications, 5 tokens"),
        (AuditEntry(.trouble, reason: "store", text: "the store's disk is full"), "the store's disk is full"),
        (AuditEntry(.limitCleared, reason: "connections"), "limit-cleared (connections)"),
    ])
    func `a sentence says who, what and what happens now`(_ entry: AuditEntry, _ message: String) {
        #expect(auditMessage(entry) == message)
        #expect(auditMessage(AuditSummary(first: entry, in: Self.slot)) == message)
    }

    @Test(
        arguments: [
            (1, 0, true, ""), (1, 42, true, " (42 s ago)"), (5, 60, true, ", 5 times in 60 s"), (1, 10, false, ", once more in 10 s"),
            (1_203, 60, false, ", 1,203 more times in 60 s"), (1_234_567, 600, false, ", 1,234,567 more times in 10 min"),
        ] as [(UInt64, Int64, Bool, String)])
    func `a summary says how often and since when`(_ count: UInt64, _ seconds: Int64, _ isFirst: Bool, _ tail: String) {
        let summary = AuditSummary(slot: Self.slot, entry: Sample.handOut(), count: count, seconds: seconds, isFirst: isFirst)
        #expect(auditMessage(summary) == auditMessage(Sample.handOut()) + tail)
    }

    @Test func `a summary of failures leaves out what was only true at its moment`() {
        let summary = AuditSummary(slot: Self.slot, entry: Sample.failure(), count: 3, seconds: 60, isFirst: false)
        #expect(
            auditMessage(summary)
                == "could not renew \"portal.sync\" for erp-sync.service: the token endpoint answered 503, 3 more times in 60 s")
    }

    @Test func `others are counted by user`() {
        let entry = AuditEntry(.others, consumer: .uid(1000))
        let summary = AuditSummary(slot: Self.slot, entry: entry, count: 1_500, seconds: 10, isFirst: false)
        #expect(auditMessage(summary) == "1,500 more decisions about uid 1000 in 10 s, of too many kinds to list each")
    }

    @Test(
        arguments: [
            (0, "0 s"), (119, "119 s"), (120, "2 min"), (7_199, "119 min"), (7_200, "2 h"), (172_800, "2 d"), (-3, "-3 s"),
        ] as [(Int64, String)])
    func `durations are short`(_ seconds: Int64, _ text: String) { #expect(roundedDuration(seconds) == text) }
}
