/// How much an entry matters, as syslog(3) and `journalctl --priority` count.
package enum AuditPriority: Int, Hashable, Sendable, CaseIterable {
    case error = 3
    case warning = 4
    case notice = 5
    case info = 6
}

extension AuditEvent {
    /// What an entry of this kind has unless its writer knows better.
    package var usualPriority: AuditPriority {
        switch self {
        case .handedOut, .renewed, .configurationLoaded, .others: .info
        case .refused, .rejected, .recovered, .renewalAsked, .signedIn, .signInFailed, .signedOut, .imported, .troubleEnded, .limitCleared, .sharedToken,
            .started, .resumed, .stopping:
            .notice
        case .renewalFailed, .endsSoon, .trouble, .limitReached, .auditGap: .warning
        case .configurationRefused, .loginRequired: .error
        }
    }
}
