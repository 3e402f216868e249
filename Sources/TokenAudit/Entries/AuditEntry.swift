package import Secrets
package import TokenLedger
package import TokenWire

/// One decision or one thing that happened, as the journal will tell it. Has no place for a token, a secret or a server's body.
package struct AuditEntry: Hashable, Sendable {
    package var event: AuditEvent
    package var decision: AuditDecision?
    package var priority: AuditPriority

    /// A configured token. A request for a name that is not configured has none: such names are one, "unknown", and are never written.
    package var token: TokenName?
    /// Of the access token that was handed out, issued, or is still held.
    package var tokenID: Fingerprint?
    /// Of the access token that the new one replaces.
    package var previousID: Fingerprint?
    /// As granted, in the server's order.
    package var scopes: [String] = []
    package var expires: Expiry?
    /// Seconds the token that is held now can still be served.
    package var remaining: Int64?

    /// Whose token it is; `nil` for a caller that no rule admits.
    package var consumer: Consumer?
    /// Who asked; `nil` when nobody did (a due renewal).
    package var caller: Caller?
    /// Whose share of the audit's places it takes; where nobody says, that of the user or unit it is about.
    package var share: Share?
    /// `/proc/PID/comm` of the caller: the process's own claim about itself.
    package var comm: String?
    /// The verb of a request that names no token (RELOAD), "line" for one that cannot be read, or LoadCredential for what systemd asks for a unit.
    package var request: String?
    /// Where the rule stands that decided, `portal.toml:14`.
    package var rule: String?

    /// One word of ours that tells apart what the decision does not (`short-lived`, `store`, `connections`).
    package var reason: String?
    /// The person who has signed in, as the server names them.
    package var subject: String?
    /// The issuer's URL, as configured or discovered.
    package var issuer: String?
    package var grant: GrantKind?
    /// Why the exchange was made.
    package var cause: Cause?
    /// The server's `error`.
    package var oauthError: String?
    /// HTTP status of the server's answer.
    package var status: Int?
    /// Number of decisions that a report of the audit itself is about.
    package var held: UInt64?
    /// Nanoseconds that an exchange took, or the journal was away.
    package var duration: Int64?
    /// Seconds until the next try by itself; `nil` after a failure means that there is none.
    package var retryAfter: Int?
    /// One calm line: what was attempted and what came of it. Safe to log.
    package var text: String?

    /// `priority` defaults to what the event usually has.
    package init(
        _ event: AuditEvent, _ decision: AuditDecision? = nil, priority: AuditPriority? = nil, token: TokenName? = nil,
        tokenID: Fingerprint? = nil, consumer: Consumer? = nil, caller: Caller? = nil, comm: String? = nil, reason: String? = nil,
        text: String? = nil
    ) {
        self.event = event
        self.decision = decision
        self.priority = priority ?? event.usualPriority
        self.token = token
        self.tokenID = tokenID
        self.consumer = consumer
        self.caller = caller
        self.caller?.groups = []
        self.comm = comm
        self.reason = reason
        self.text = text
    }

    /// What a summary of repeats tells: without the process, the rule and (but where it tells the callers apart) the caller's unit,
    /// which may have been another one each time.
    package var repeated: AuditEntry {
        var entry = self
        entry.comm = nil
        entry.rule = nil
        entry.caller?.pid = 0
        if !isToldByUnit { entry.caller?.unit = .none }
        return entry
    }

    /// Of a shared token everybody is the consumer, and who is refused is none: the unit tells who it was.
    var isToldByUnit: Bool { consumer == .shared || consumer == nil }

    /// Whose share of the places it takes. What is about nobody is the daemon's own.
    var account: Share {
        if let share { return share }
        if let unit { return Share(.unit(unit), .unit(unit)) }
        return uid.map { Share($0 == 0 ? .root : .user($0), .uid($0)) } ?? Share(.root, .probe)
    }

    /// What administrators, named users and units were given or did is told by itself, however much else there is to tell. Refusals are not: to meet
    /// them is in the caller's own hands.
    var isNeverSummed: Bool { account.tier >= .named && event != .refused && event != .rejected }

    /// What systemd asks of the credential socket, as systemd.exec(5) calls it.
    package static let loadCredential = "LoadCredential"

    /// Decisions of which nobody knows any more what they were about.
    package static let ofOthers = AuditGroup.everyone.told(by: AuditEntry(.others))

    /// The reason of what is wrong in the configuration without keeping it from being used.
    package static let configuration = "configuration"

    /// The user it is about, as the kernel told or the rule named it.
    package var uid: UInt32? {
        if let caller { return caller.uid }
        return if case .uid(let number) = consumer { number } else { nil }
    }

    /// The unit it is about, as the kernel told or the rule named it.
    package var unit: String? {
        if case .unit(let name) = caller?.unit { return name }
        return if case .unit(let name) = consumer { name } else { nil }
    }
}
