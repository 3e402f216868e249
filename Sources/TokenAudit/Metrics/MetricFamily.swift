/// The one list of metrics, in the order in which they are told.
package enum MetricFamily: String, CaseIterable, Sendable {
    case build = "tokend_build_info"
    case uptime = "tokend_uptime_seconds"
    case tokens = "tokend_tokens"
    case tokenState = "tokend_token_state"
    case tokenExpires = "tokend_token_expires_seconds"
    case loginDue = "tokend_login_due_seconds"
    case handedOut = "tokend_handed_out"
    case refused = "tokend_refused"
    case rejected = "tokend_rejected"
    case decisions = "tokend_decisions"
    case application = "tokend_application_info"
    case cooldown = "tokend_server_cooldown_seconds"
    case exchangesUnderWay = "tokend_exchanges_under_way"
    case exchanges = "tokend_exchanges"
    case exchangeDuration = "tokend_exchange_duration_seconds"
    case requestsWaiting = "tokend_requests_waiting"
    case connections = "tokend_connections"
    case connectionsAccepted = "tokend_connections_accepted"
    case connectionsRefused = "tokend_connections_refused"
    case auditEntries = "tokend_audit_entries"
    case auditNotTaken = "tokend_audit_not_taken"
    case auditWaiting = "tokend_audit_waiting"
    case storeWrites = "tokend_store_writes"
    case storeDuration = "tokend_store_write_duration_seconds"
    case storeWaiting = "tokend_store_waiting"
    case turns = "tokend_loop_turns"
    case delays = "tokend_loop_delay_seconds"

    /// No "info", which says no more than a gauge that is 1: collectors that read only the older text format refuse a whole text for it.
    enum Kind: String { case counter, gauge, histogram }

    var kind: Kind {
        switch self {
        case .build, .application, .uptime, .tokens, .tokenState, .tokenExpires, .loginDue, .cooldown, .exchangesUnderWay, .requestsWaiting, .connections,
            .auditWaiting,
            .storeWaiting:
            .gauge
        case .handedOut, .refused, .rejected, .decisions, .exchanges, .connectionsAccepted, .connectionsRefused, .auditEntries, .auditNotTaken,
            .storeWrites, .turns:
            .counter
        case .exchangeDuration, .storeDuration, .delays: .histogram
        }
    }

    /// The name of its samples (OpenMetrics 1.0, "Suffixes").
    package var sampleName: String {
        switch kind {
        case .counter: rawValue + "_total"
        case .gauge, .histogram: rawValue
        }
    }

    package var help: String {
        switch self {
        case .build: "which tokend this is"
        case .uptime: "since the start, on a clock that counts suspend"
        case .tokens: "configured tokens by state, and those that only the store knows (unconfigured)"
        case .tokenState: "1 for the state of each token: what a GET would meet, for the consumer that fares worst"
        case .tokenExpires: "until the held token ends; absent where none is held or it never ends"
        case .loginDue: "until a person has to sign in, or a new reference token is needed, as far as is known"
        case .handedOut: "hand-outs"
        case .refused: "refusals by code; token none where no configured one was asked for"
        case .rejected: "reports that an API did not take a token, by their answer"
        case .decisions:
            "decisions by event since the start; in the journal TOKEND_COUNT adds up to as many, but for what a crashed tokend left to be told, "
                + "and for kinds that found no place among 16,384, which are told as others"
        case .application: "the identity server of each application"
        case .cooldown: "until the identity server is asked again after a failure; 0 where nothing is wrong"
        case .exchangesUnderWay: "exchanges with the identity server that have not ended"
        case .exchanges: "exchanges by cause and outcome"
        case .exchangeDuration: "from the first request of an exchange to its outcome"
        case .requestsWaiting: "requests that wait for an exchange"
        case .connections: "connections that are open"
        case .connectionsAccepted: "connections that were let in"
        case .connectionsRefused: "connections that were turned away, by the limit they met"
        case .auditEntries: "entries that the journal took"
        case .auditNotTaken: "times that the journal did not take an entry, which was then kept"
        case .auditWaiting: "decisions that are counted and not yet in the journal"
        case .storeWrites: "tasks of the store, by their result"
        case .storeDuration: "from handing a task to the store to its report"
        case .storeWaiting: "tasks that the store has not done yet"
        case .turns: "turns of the loop"
        case .delays: "how late the loop came to what was due"
        }
    }
}
