internal import OAuth
package import TokenLedger

/// What came of the exchanges with identity servers, by application.
package struct ExchangeCounters: Sendable {
    struct Series: Hashable, Sendable {
        var cause: Cause
        var outcome: AuditDecision
    }
    struct OfApplication: Sendable {
        var name: String
        var counts: [Series: UInt64] = [:]
        var durations = Histogram.ofExchanges

        /// In the order of causes and outcomes.
        var ordered: [(series: Series, count: UInt64)] {
            counts.sorted { ($0.key.cause.rawValue, $0.key.outcome.rawValue) < ($1.key.cause.rawValue, $1.key.outcome.rawValue) }
                .map { (series: $0.key, count: $0.value) }
        }
    }

    private var flying: [UInt64: (application: String, cause: Cause)] = [:]
    private var ended: [String: OfApplication] = [:]

    package init() {}

    package mutating func began(_ plan: ExchangePlan) { flying[plan.id] = (plan.application.name, plan.cause) }

    package mutating func ended(_ report: ExchangeReport) {
        guard let (application, cause) = flying.removeValue(forKey: report.plan) else { return }
        let outcome: AuditDecision
        switch report.outcome {
        case .success: outcome = .issued
        case .failure(let failure): outcome = AuditDecision(failure.law)
        }
        ended[application, default: OfApplication(name: application)].counts[Series(cause: cause, outcome: outcome), default: 0] += 1
        ended[application]?.durations.add(report.took)
    }

    /// Drops the numbers of all other applications.
    package mutating func keepOnly(_ applications: some Collection<String>) {
        let kept = Set(applications)
        ended = ended.filter { kept.contains($0.key) }
    }

    var byApplication: [OfApplication] { ended.values.sorted { $0.name < $1.name } }

    var underWay: [String: Int] { flying.values.reduce(into: [:]) { $0[$1.application, default: 0] += 1 } }
}
