import Testing
import TokenLedger

struct UnitPatternTests {
    @Test(arguments: [
        ("erp-sync.service", ["erp-sync.service"], ["erp-sync2.service", "xerp-sync.service", "erp-sync.servic", "erp-sync.service.service", ""]),
        ("erp-sync@*.service", ["erp-sync@a.service", "erp-sync@.service", "erp-sync@a.b.service"], ["erp-sync.service", "erp-sync@a.scope", "erp-sync@"]),
        ("*-sync.service", ["erp-sync.service", "-sync.service", "a-sync-sync.service"], ["erp-sync.service2", "erp-async.service"]),
        ("a*b*c.service", ["abc.service", "a1b2c.service", "abbc.service", "a-b-b-c.service"], ["acb.service", "ac.service", "abc", "bc.service"]),
        ("a*a.service", ["aa.service", "a-a.service"], ["a.service"]),
        ("*ab*ab*.service", ["abab.service", "xab-ab-y.service"], ["ab.service", "aba.service"]),
        ("a**b.service", ["ab.service", "a-b.service"], ["b.service"]),
        ("*.service", ["a.service", ".service"], ["a.scope", "a.service.d"]),
        ("erp\\x2dsync.service", ["erp\\x2dsync.service"], ["erp-sync.service"]),
    ])
    func `a star stands for any run of characters and everything else for itself`(text: String, held: [String], others: [String]) throws {
        let pattern = try #require(UnitPattern(text))
        for unit in held { #expect(pattern.matches(unit), "\(text) should match \(unit)") }
        for unit in others { #expect(!pattern.matches(unit), "\(text) should not match \(unit)") }
    }

    @Test(arguments: [
        "", ".service", "erp", "erp.scope", "erp.slice", "erp.Service", "erp .service", "a/b.service", "erp?.service", "[a-z].service",
        "ünit.service", "erp.service\n", "a\u{0}.service", String(repeating: "a", count: 248) + ".service",
    ])
    func `what is not a service by its name is no pattern`(text: String) {
        #expect(UnitPattern(text) == nil)
    }

    @Test func `a name of 255 bytes is the longest`() {
        #expect(UnitPattern(String(repeating: "a", count: 247) + ".service") != nil)
    }

    @Test func `only a pattern without a star is exact and it keeps its spelling`() throws {
        #expect(try #require(UnitPattern("a.service")).isExact)
        #expect(try !#require(UnitPattern("a*.service")).isExact)
        #expect(try #require(UnitPattern("a*.service")).description == "a*.service")
    }

    @Test func `many stars against a long name are no burden`() throws {
        let pattern = try #require(UnitPattern(String(repeating: "a*", count: 120) + "b.service"))
        #expect(!pattern.matches(String(repeating: "a", count: 255) + ".service"))
    }
}
