import OAuth
import Secrets
import Testing
import TokenAudit
@testable import TokenLedger
import TokenWire

/// What the journal says of looks at a reference token.
@Suite struct ProbeEntryTests {
    @Test func `the journal says what was found, and finds its end by the reason`() throws {
        let pat = try #require(TokenName("portal.pat"))
        let trouble = ProbeTrouble(.refused, "'https://api.test/me' answered 401")
        let begin = AuditEntry(.probeTrouble(pat, Fingerprint(bits: 7), trouble), Configuration(), at: Moment(boot: 0, wall: 0))
        #expect(begin.event == .trouble && begin.reason == "reference-refused" && begin.priority == .warning && begin.tokenID == Fingerprint(bits: 7))
        #expect(
            auditMessage(begin)
                == "the reference token of \"portal.pat\" is not taken any more: 'https://api.test/me' answered 401; it is served all the same, have it reissued"
        )
        let end = AuditEntry(.probeTroubleEnded(pat, Fingerprint(bits: 7), .refused, isHealed: true), Configuration(), at: Moment(boot: 0, wall: 0))
        #expect(end.event == .troubleEnded && end.reason == begin.reason)
        #expect(auditMessage(end) == "the reference token of \"portal.pat\" is taken again")
        let unanswered = AuditEntry(
            .probeTrouble(pat, Fingerprint(bits: 7), ProbeTrouble(LedgerFixture.busyServer)), Configuration(), at: Moment(boot: 0, wall: 0))
        #expect(unanswered.priority == .notice)
    }
}
