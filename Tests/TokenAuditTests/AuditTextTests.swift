import Testing

@testable import TokenAudit

@Suite struct AuditTextTests {
    @Test(arguments: [
        ("erp-sync", "erp-sync"),
        ("dev-disk\\x2d1.service", "dev-disk\\x2d1.service"),
        ("two words", "two words"),
        ("a\nTOKEND_EVENT=handed-out", "a%0ATOKEND_EVENT=handed-out"),
        ("100%", "100%25"),
        ("\u{1B}[31mred", "%1B[31mred"),
        ("при", "%D0%BF%D1%80%D0%B8"),
        ("", ""),
    ])
    func `LOG-05 a claim keeps printable ASCII and escapes the rest`(_ claim: String, _ written: String) {
        #expect(AuditText.claim(claim) == written)
    }

    @Test func `LOG-05 a claim is cut at 200 characters`() {
        #expect(AuditText.claim(String(repeating: "a", count: 200)) == String(repeating: "a", count: 200))
        #expect(AuditText.claim(String(repeating: "a", count: 5_000)) == String(repeating: "a", count: 200) + "…")
    }

    @Test(arguments: [
        ([], ""), (["read"], "read"), (["a", "u\nd"], "a u%0Ad"), (["aaaaaaaa", "b"], "aaaaaaaa b"), (["aaaaaaaaa", "b"], "aaaaaaaaa …"),
        (["aaaaaaaaaaaa", "b"], "…"), (Array(repeating: "a", count: 8_000), "a a a a a …"),
    ])
    func `LOG-05 of many words those are told that have room, whole`(_ words: [String], _ written: String) {
        #expect(AuditText.claims(words, limit: 10) == written)
    }

    @Test(arguments: [
        ("the file '/etc/tokend/apps.d/портал.toml' is gone", "the file '/etc/tokend/apps.d/портал.toml' is gone"),
        ("one\ntwo", "one?two"),
        ("a\u{202E}b", "a?b"),
        ("a\u{2028}b", "a?b"),
        ("90 %", "90 %"),
    ])
    func `a sentence keeps every script and no control`(_ sentence: String, _ written: String) {
        #expect(AuditText.sentence(sentence) == written)
    }
}
