package import OAuth
package import TokenWire

/// How it was decided, in the words of `TOKEND_DECISION`: of a refusal its code on the wire, of REJECT its answer, of an exchange
/// its outcome.
package enum AuditDecision: String, Hashable, Sendable, CaseIterable {
    /// handed out
    case ready
    /// admitted: an administrator's request, a loaded configuration
    case allowed

    // refusals
    case badRequest = "bad-request"
    case tooLong = "too-long"
    case unsupported
    case denied
    case loginRequired = "login-required"
    case expired
    case unavailable
    case refused
    case badConfig = "bad-config"
    case timeout
    case busy
    case stopping
    case `internal`

    // REJECT
    case renewed
    case newer
    case cooling

    // exchanges
    case issued
    case unsent
    case answered
    case unknown
    case silent
    case no
    case configuration

    package init(_ code: RefusalCode) {
        self =
            switch code {
            case .badRequest: .badRequest
            case .tooLong: .tooLong
            case .unsupported: .unsupported
            case .denied: .denied
            case .loginRequired: .loginRequired
            case .expired: .expired
            case .unavailable: .unavailable
            case .refused: .refused
            case .badConfig: .badConfig
            case .timeout: .timeout
            case .busy: .busy
            case .stopping: .stopping
            case .internal: .internal
            }
    }

    package init(_ law: ExchangeFailure.Law) {
        self =
            switch law {
            case .unsent: .unsent
            case .answered: .answered
            case .unknown: .unknown
            case .silent: .silent
            case .no: .no
            case .configuration: .configuration
            }
    }
}
