internal import OAuth
internal import OpenSSL
internal import Secrets
internal import TokenLedger

/// A plan on its way.
struct Flight {
    let plan: ExchangePlan
    private let began: Moment
    private var request: TokenRequest?
    private var sent: Moment
    /// What the endpoint of old metadata said: told when the new metadata know no other one.
    private var refused: ExchangeFailure?

    init(_ plan: ExchangePlan, at now: Moment) {
        self.plan = plan
        began = now
        sent = now
    }

    var settings: ServerSettings { plan.application.server }

    /// Nanoseconds of BOOTTIME: all of it must be over.
    var deadline: Int64 { began.boot + .seconds(plan.timeout) }

    /// The token request to send at once. Throws when there is nowhere to send it, or not again.
    mutating func next(at metadata: ServerMetadata, now: Moment) throws(ExchangeFailure) -> EndpointRequest {
        let endpoint = try metadata.url(of: .token)
        if let refused, request?.endpoint == endpoint { throw refused }
        let request = TokenRequest(plan.grant, as: plan.application.client, at: endpoint, assumesBearer: settings.assumesBearer)
        let message = try request.message()
        self.request = request
        sent = now
        return message
    }

    func outcome(of result: EndpointResult, now: Moment) -> ExchangeOutcome {
        guard let request else {
            return .failure(ExchangeFailure(law: .unsent, reach: .credential, text: "an answer came to a request that was never sent"))
        }
        return request.outcome(of: result, now: now.wall)
    }

    /// Whether newer metadata could help; they are asked for once.
    mutating func isWorthAnotherAddress(_ outcome: ExchangeOutcome) -> Bool {
        guard refused == nil, case .failure(let failure) = outcome, failure.doubtsEndpoint else { return false }
        refused = failure
        return true
    }

    func report(_ outcome: ExchangeOutcome, now: Moment) -> ExchangeReport {
        let id = (try? outcome.get()).map { Fingerprint(of: $0.accessToken) }
        return ExchangeReport(plan: plan.id, outcome: outcome, sent: sent, id: id, took: now.boot - began.boot)
    }
}
