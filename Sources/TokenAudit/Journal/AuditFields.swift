internal import Secrets
internal import TokenLedger
internal import TokenWire

/// The journal fields of something to be written, `MESSAGE` first. All values are one line each and harmless.
package func auditFields(_ summary: AuditSummary) -> [(AuditField, String)] {
    var fields = AuditFields(summary.entry, message: auditMessage(summary))
    fields.add(.count, summary.count)
    fields.add(.seconds, summary.count > 1 || summary.seconds > 0 ? summary.seconds : nil)
    return fields.list
}

/// The fields of something that is not a decision and is not counted.
package func auditFields(_ entry: AuditEntry) -> [(AuditField, String)] {
    var fields = AuditFields(entry, message: auditMessage(entry))
    fields.add(.held, entry.held)
    return fields.list
}

private struct AuditFields {
    private(set) var list: [(AuditField, String)] = []

    init(_ entry: AuditEntry, message: String) {
        list = [
            (.message, message), (.messageID, entry.event.messageID), (.priority, String(entry.priority.rawValue)),
            (.identifier, "tokend"), (.facility, "3"), (.event, entry.event.rawValue),
        ]
        add(.decision, entry.decision?.rawValue)
        addToken(of: entry)
        addConsumer(of: entry)
        addServer(of: entry)
        add(.reason, claim: entry.reason)
    }

    mutating func add(_ field: AuditField, _ value: (some CustomStringConvertible)?) {
        guard let value else { return }
        list.append((field, value.description))
    }

    private mutating func add(_ field: AuditField, claim: String?) {
        add(field, claim.map { AuditText.claim($0) })
    }

    private mutating func addToken(of entry: AuditEntry) {
        let unknown = entry.event.concernsToken && entry.request == nil ? "unknown" : nil
        add(.token, entry.token?.description ?? unknown)
        add(.tokenID, entry.tokenID)
        add(.previousID, entry.previousID)
        add(.scopes, entry.scopes.isEmpty ? nil : AuditText.claims(entry.scopes, limit: 1_000))
        switch entry.expires {
        case .at(let moment): add(.expires, moment)
        case .never: add(.expires, "never")
        case nil: break
        }
        add(.remaining, entry.remaining)
    }

    private mutating func addConsumer(of entry: AuditEntry) {
        add(.consumer, claim: entry.consumer?.description)
        add(.consumerUnit, claim: entry.unit)
        add(.consumerUID, entry.uid)
        add(.consumerPID, entry.caller.flatMap { $0.pid > 0 ? $0.pid : nil })
        add(.consumerComm, claim: entry.comm)
        add(.request, claim: entry.request)
        add(.rule, claim: entry.rule)
    }

    private mutating func addServer(of entry: AuditEntry) {
        add(.subject, claim: entry.subject)
        add(.issuer, claim: entry.issuer)
        add(.grant, entry.grant?.rawValue)
        add(.cause, entry.cause?.rawValue)
        add(.oauthError, claim: entry.oauthError)
        add(.status, entry.status)
        add(.duration, entry.duration.map { $0 / 1_000_000 })
        add(.retryAfter, entry.retryAfter)
    }
}
