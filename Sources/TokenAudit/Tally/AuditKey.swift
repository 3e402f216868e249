internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What makes two decisions the same one, so that the second is only counted.
///
/// The process is not in it: a script that runs every second is one caller.
struct AuditKey: Hashable, Sendable {
    private var event: AuditEvent
    private var decision: AuditDecision?
    private var token: TokenName?
    private var tokenID: Fingerprint?
    private var consumer: Consumer?
    private var uid: UInt32?
    private var unit: String?
    private var request: String?
    private var reason: String?
    private var text: String?

    init(_ entry: AuditEntry) {
        event = entry.event
        decision = entry.decision
        token = entry.token
        tokenID = entry.tokenID
        consumer = entry.consumer
        uid = entry.uid
        unit = entry.isToldByUnit ? entry.unit : nil
        request = entry.request
        reason = entry.reason
        // two mistakes in one configuration are two things to mend, and a unit that does not start is told why nowhere else
        let isToldByText = entry.event.isAboutConfiguration || entry.reason == AuditEntry.configuration || entry.request == AuditEntry.loadCredential
        text = isToldByText ? entry.text : nil
    }

    /// Whether an entry of this kind is over once `entry` has happened: failures of its consumer and the need to sign in whatever the reason
    /// was, trouble and limits by their reason, whoever met them.
    func isEnded(by entry: AuditEntry) -> Bool {
        guard event == entry.event.ends, token == entry.token else { return false }
        if entry.event == .recovered { return consumer == entry.consumer }
        return entry.event == .signedIn || reason == entry.reason
    }
}

/// What is counted together.
enum AuditGroup: Hashable, Sendable {
    case one(AuditKey)
    /// what no longer fits, by user
    case others(uid: UInt32?)
    /// what does not even fit there
    case everyone

    /// The group that a summary of others was counted in.
    init(counting others: AuditEntry) {
        self = others.reason == AuditGroup.everyones ? .everyone : .others(uid: others.uid)
    }

    /// What a summary of this group tells, when `entry` was its first.
    func told(by entry: AuditEntry) -> AuditEntry {
        switch self {
        case .one: entry
        case .others(let uid): AuditEntry(.others, consumer: uid.map(Consumer.uid), reason: "user")
        case .everyone: AuditEntry(.others, reason: AuditGroup.everyones)
        }
    }

    private static let everyones = "everyone"
}
