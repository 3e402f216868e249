import OAuth
import Secrets
import TestSupport
import Testing
import TokenWire

import TokenLedger

@testable import TokenAudit

@Suite struct MetricsTextTests {
    /// A ledger that made one exchange and failed in another, with what was counted beside it.
    private static func picture() throws -> MetricsPicture {
        var fixture = LedgerFixture()
        var exchanges = ExchangeCounters()
        var decisions = DecisionCounters()
        let first = try fixture.get()
        exchanges.began(first)
        exchanges.ended(fixture.settle(first, .success(LedgerFixture.tokens()), took: 312_000_000))
        let second = try fixture.get(by: LedgerFixture.other)
        exchanges.began(second)
        exchanges.ended(fixture.settle(second, .failure(LedgerFixture.busyServer), took: 45_000_000_000))
        for _ in 0..<3 { _ = decisions.count(Sample.handOut()) }
        _ = decisions.count(Sample.denial())
        var picture = MetricsPicture(fixture.ledger, Self.tokens(of: fixture.ledger, at: fixture.now), decisions, exchanges, at: fixture.now, version: "1.2.3")
        picture.uptime = 90_500_000_000
        return picture
    }

    private static func tokens(of ledger: Ledger, at now: Moment) -> [MetricsPicture.Token] {
        ledger.policy.names.map { ledger.figures(of: $0, at: now) }
    }

    private static func lines(_ picture: MetricsPicture) -> [String] {
        var text = MetricsText(picture)
        return Array(AnyIterator { text.next() })
    }

    @Test func `each family has its head, and the text its end`() throws {
        let lines = Self.lines(try Self.picture())
        for family in MetricFamily.allCases {
            let place = try #require(lines.firstIndex(of: "# TYPE \(family.rawValue) \(family.kind.rawValue)"))
            let isTimed = family.rawValue.hasSuffix("_seconds")
            if isTimed { #expect(lines[place + 1] == "# UNIT \(family.rawValue) seconds") }
            #expect(lines[place + (isTimed ? 2 : 1)] == "# HELP \(family.rawValue) \(family.help)")
        }
        #expect(lines.last == "# EOF")
        #expect(lines.count { $0 == "# EOF" } == 1)
    }

    @Test(arguments: [
        #"tokend_build_info{version="1.2.3"} 1"#, "tokend_uptime_seconds 90.5", #"tokend_tokens{state="ready"} 0"#,
        #"tokend_tokens{state="unavailable"} 1"#, #"tokend_token_state{token="portal.sync",state="unavailable"} 1"#,
        #"tokend_handed_out_total{token="portal.sync"} 3"#, #"tokend_refused_total{token="none",code="denied"} 1"#,
        #"tokend_decisions_total{event="handed-out"} 3"#, #"tokend_application_info{application="portal",issuer="https://id.test"} 1"#,
        #"tokend_server_cooldown_seconds{application="portal"} 1.0"#, #"tokend_exchanges_under_way{application="portal"} 0"#,
        #"tokend_exchanges_total{application="portal",cause="asked",outcome="issued"} 1"#,
        #"tokend_exchanges_total{application="portal",cause="asked",outcome="answered"} 1"#,
        #"tokend_exchange_duration_seconds_bucket{application="portal",le="0.3"} 0"#,
        #"tokend_exchange_duration_seconds_bucket{application="portal",le="1.0"} 1"#,
        #"tokend_exchange_duration_seconds_bucket{application="portal",le="+Inf"} 2"#,
        #"tokend_exchange_duration_seconds_count{application="portal"} 2"#, #"tokend_exchange_duration_seconds_sum{application="portal"} 45.312"#,
        #"tokend_connections_refused_total{reason="descriptors"} 0"#, #"tokend_store_writes_total{result="failed"} 0"#,
    ])
    func `a number is told with what it is about`(_ line: String) throws {
        #expect(Self.lines(try Self.picture()).contains(line))
    }

    @Test func `a held token tells how long it lives`() throws {
        var fixture = LedgerFixture()
        _ = fixture.settle(try fixture.get(), .success(LedgerFixture.tokens(life: 3_600)))
        fixture.pass(600)
        let lines = Self.lines(
            MetricsPicture(
                fixture.ledger, Self.tokens(of: fixture.ledger, at: fixture.now), DecisionCounters(), ExchangeCounters(), at: fixture.now, version: ""))
        #expect(lines.contains(#"tokend_token_expires_seconds{token="portal.sync"} 3000"#))
        #expect(lines.contains(#"tokend_token_state{token="portal.sync",state="ready"} 1"#))
    }

    @Test func `a label cannot end itself`() {
        var configuration = Configuration()
        configuration.applications["portal"] = LedgerFixture.application("portal", issuer: "https://id.test/\"\\\n")
        let ledger = Ledger(configuration, seed: 1, fingerprint: LedgerFixture.fingerprint)
        let lines = Self.lines(
            MetricsPicture(
                ledger, Self.tokens(of: ledger, at: Moment(boot: 0, wall: 0)), DecisionCounters(), ExchangeCounters(), at: Moment(boot: 0, wall: 0), version: ""
            ))
        #expect(lines.contains(#"tokend_application_info{application="portal",issuer="https://id.test/\"\\\n"} 1"#))
    }

    @Test func `tokend-protocol(7) describes each metric in the same words`() throws {
        let items = try ManualPage("tokend-protocol.7.md").items(under: "METRICS")
        #expect(items.count == MetricFamily.allCases.count)
        for (item, family) in zip(items, MetricFamily.allCases) {
            #expect(item.literals.first == family.sampleName)
            #expect(item.text == family.help)
        }
    }
}
