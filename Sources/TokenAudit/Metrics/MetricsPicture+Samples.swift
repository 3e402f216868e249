internal import OAuth
internal import TokenLedger
internal import TokenWire

extension MetricsPicture {
    /// How many subjects a family is about: its samples are made for one after another.
    func subjects(of family: MetricFamily) -> Int {
        switch family {
        case .tokenState, .tokenExpires, .loginDue: tokens.count
        case .handedOut: handedOut.count
        case .refused: refused.count
        case .rejected: rejected.count
        case .application, .cooldown, .exchangesUnderWay: servers.count
        case .exchanges, .exchangeDuration: exchanges.count
        case .build, .uptime, .tokens, .decisions, .requestsWaiting, .connections, .connectionsAccepted, .connectionsRefused, .auditEntries,
            .auditNotTaken, .auditWaiting, .storeWrites, .storeDuration, .storeWaiting, .turns, .delays:
            1
        }
    }

    func samples(of family: MetricFamily, _ subject: Int) -> [MetricSample] {
        switch family {
        case .build: [MetricSample(1, ("version", version))]
        case .uptime: [MetricSample(Double(uptime) / 1e9)]
        case .tokens:
            TokenState.allCases.map { state in
                MetricSample(state == .unconfigured ? unconfigured : tokens.count { $0.state == state }, ("state", state.rawValue))
            }
        case .tokenState: [MetricSample(1, ("token", "\(tokens[subject].name)"), ("state", tokens[subject].state.rawValue))]
        case .tokenExpires: seconds(tokens[subject].expires, tokens[subject])
        case .loginDue: seconds(tokens[subject].login, tokens[subject])
        case .handedOut: [MetricSample(handedOut[subject].count, ("token", name(handedOut[subject].token)))]
        case .refused: [MetricSample(refused[subject].count, ("token", name(refused[subject].token)), ("code", word(refused[subject].code)))]
        case .rejected: [MetricSample(rejected[subject].count, ("token", name(rejected[subject].token)), ("answer", word(rejected[subject].answer)))]
        case .decisions: decisions.map { MetricSample($0.count, ("event", $0.event.rawValue)) }
        case .application: [MetricSample(1, ("application", servers[subject].application), ("issuer", servers[subject].issuer))]
        case .cooldown: [MetricSample(servers[subject].cooldown, ("application", servers[subject].application))]
        case .exchangesUnderWay: [MetricSample(underWay[servers[subject].application] ?? 0, ("application", servers[subject].application))]
        case .exchanges: outcomes(exchanges[subject])
        case .exchangeDuration: MetricSample.all(of: exchanges[subject].durations, ("application", exchanges[subject].name))
        case .requestsWaiting: [MetricSample(requestsWaiting)]
        case .connections: [MetricSample(connections.open)]
        case .connectionsAccepted: [MetricSample(connections.accepted)]
        case .connectionsRefused: ConnectionCounters.Limit.allCases.map { MetricSample(connections.turnedAway($0), ("reason", $0.rawValue)) }
        case .auditEntries: [MetricSample(audit.entries)]
        case .auditNotTaken: [MetricSample(audit.notTaken)]
        case .auditWaiting: [MetricSample(audit.waiting)]
        case .storeWrites: [MetricSample(store.done, ("result", "done")), MetricSample(store.failed, ("result", "failed"))]
        case .storeDuration: MetricSample.all(of: store.durations)
        case .storeWaiting: [MetricSample(store.waiting)]
        case .turns: [MetricSample(turns)]
        case .delays: MetricSample.all(of: delays)
        }
    }

    private func seconds(_ number: Int64?, _ token: Token) -> [MetricSample] {
        number.map { [MetricSample($0, ("token", "\(token.name)"))] } ?? []
    }

    /// No token is called so: a name has a dot in it.
    private func name(_ token: TokenName?) -> String { token?.description ?? "none" }

    private func word(_ decision: AuditDecision?) -> String { decision?.rawValue ?? "none" }

    private func outcomes(_ application: ExchangeCounters.OfApplication) -> [MetricSample] {
        application.ordered.map { series, count in
            MetricSample(count, ("application", application.name), ("cause", series.cause.rawValue), ("outcome", series.outcome.rawValue))
        }
    }
}
