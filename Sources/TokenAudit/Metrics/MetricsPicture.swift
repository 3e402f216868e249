internal import OAuth
package import TokenLedger
package import TokenWire

/// Everything METRICS tells. It is taken step by step, token after token; everything else is of the moment of the last step. Holds numbers and configured names alone.
package struct MetricsPicture: Sendable {
    package struct Token: Sendable {
        var name: TokenName
        var state: TokenState
        /// Seconds from now.
        var expires: Int64?
        var login: Int64?
    }
    /// How the audit itself fares.
    package struct Audit: Sendable {
        package var entries: UInt64 = 0
        package var notTaken: UInt64 = 0
        package var waiting: UInt64 = 0
        package init() {}
    }

    let version: String
    let tokens: [Token]
    /// Tokens that only the store knows.
    let unconfigured: Int
    let servers: [ServerFigures]
    let requestsWaiting: Int

    /// Nanoseconds
    package var uptime: Int64 = 0
    package var turns: UInt64 = 0
    package var delays = Histogram.ofDelays
    package var connections = ConnectionCounters()
    package var audit = Audit()
    package var store = StoreCounters()
    let decisions: [(event: AuditEvent, count: UInt64)]
    let handedOut: [(token: TokenName?, count: UInt64)]
    let refused: [(token: TokenName?, code: AuditDecision?, count: UInt64)]
    let rejected: [(token: TokenName?, answer: AuditDecision?, count: UInt64)]
    let exchanges: [ExchangeCounters.OfApplication]
    /// By application.
    let underWay: [String: Int]

    package init(
        _ ledger: Ledger, _ tokens: [Token], _ decisions: DecisionCounters, _ exchanges: ExchangeCounters, at now: Moment, version: String
    ) {
        self.version = version
        self.tokens = tokens
        unconfigured = ledger.unconfigured.count
        servers = ledger.serverFigures(at: now)
        requestsWaiting = ledger.requestsWaiting
        let all = decisions.all
        func those(_ event: AuditEvent) -> [DecisionCounters.Total] { all.filter { $0.series.event == event } }
        handedOut = those(.handedOut).map { ($0.series.token, $0.count) }
        refused = those(.refused).map { ($0.series.token, $0.series.decision, $0.count) }
        rejected = those(.rejected).map { ($0.series.token, $0.series.decision, $0.count) }
        self.decisions = decisions.byEvent
        self.exchanges = exchanges.byApplication
        underWay = exchanges.underWay
    }
}

extension Ledger {
    /// What METRICS tells of one token.
    package func figures(of name: TokenName, at now: Moment) -> MetricsPicture.Token {
        let status = status(of: name, at: now)
        var token = MetricsPicture.Token(name: name, state: status.state)
        if case .at(let end)? = status.expires { token.expires = end - now.wall }
        token.login = status.loginUntil.map { $0 - now.wall }
        return token
    }
}
