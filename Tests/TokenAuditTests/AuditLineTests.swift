import Secrets
import Testing
import TokenAudit
import TokenLedger

@Suite struct AuditLineTests {
    private func line(_ entry: AuditEntry, prefix: String = "") -> String {
        String(decoding: auditLine(auditFields(entry), prefix: prefix), as: UTF8.self)
    }

    @Test func `a line has the sentence and what a search needs`() {
        #expect(
            line(Sample.handOut())
                == "tokend: portal.sync handed out to erp-sync.service (uid 995), token 9f3ac2d1770b41e6 "
                + "[event=handed-out decision=ready id=9f3ac2d1770b41e6]\n")
        #expect(line(AuditEntry(.started), prefix: "<5>") == "<5>tokend: started [event=started]\n")
    }

    @Test(arguments: ["a", "я", "😀"]) func `a line is cut at 4,096 bytes, between characters`(_ letter: String) {
        let text = "x" + String(repeating: letter, count: 1_000)
        var entry = AuditEntry(.renewalFailed, .no, consumer: .unit(String(repeating: "u", count: 300)), text: text)
        entry.tokenID = Sample.id
        let bytes = auditLine(auditFields(entry))
        #expect(bytes.count <= 4_096)
        #expect(String(validating: bytes, as: UTF8.self)?.hasSuffix("[event=renewal-failed decision=no id=9f3ac2d1770b41e6]\n") == true)
    }
}
