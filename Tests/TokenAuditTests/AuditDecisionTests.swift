import OAuth
import Testing
import TokenAudit
import TokenLedger
import TokenWire

@Suite struct AuditDecisionTests {
    @Test(arguments: RefusalCode.allCases) func `a refusal is told by its code`(_ code: RefusalCode) {
        #expect(AuditDecision(code).rawValue == code.rawValue)
    }

    @Test(arguments: [
        (ExchangeFailure.Law.unsent, "unsent"), (.answered(retryAfter: 5), "answered"), (.unknown, "unknown"), (.no, "no"),
        (.configuration, "configuration"),
    ])
    func `a failed exchange is told by its class`(_ law: ExchangeFailure.Law, _ word: String) {
        #expect(AuditDecision(law).rawValue == word)
    }
}
