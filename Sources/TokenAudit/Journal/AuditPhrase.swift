internal import TokenLedger
internal import TokenWire

/// The parts that sentences of the audit are made of.
enum AuditPhrase {
    /// `portal.sync`, or a word for what was asked for instead.
    static func subject(_ entry: AuditEntry) -> String {
        if let token = entry.token { return token.description }
        return entry.request.map { AuditText.claim($0, limit: 32) } ?? "an unknown token"
    }

    static func quoted(_ entry: AuditEntry) -> String { "\"\(subject(entry))\"" }

    /// `erp-sync.service (uid 995)`, `uid 1000 in cron.service`
    static func who(_ entry: AuditEntry) -> String {
        let unit = entry.unit.map { AuditText.claim($0) }
        if case .unit = entry.consumer, let unit { return unit + (entry.uid.map { " (uid \($0))" } ?? "") }
        if let uid = entry.uid { return "uid \(uid)" + (unit.map { " in \($0)" } ?? "") }
        return switch entry.consumer {
        case .shared: "all its consumers"
        case .probe: "tokend itself"
        case .unit, .uid, nil: "nobody in particular"
        }
    }

    /// ` by LoadCredential`: not asked for by a process of the caller's own.
    static func way(_ entry: AuditEntry) -> String {
        guard entry.token != nil, let request = entry.request else { return "" }
        return " by \(AuditText.claim(request, limit: 32))"
    }

    /// The verdict, and what systemd has no way of telling the unit; other callers heard why.
    static func refusal(_ entry: AuditEntry) -> String {
        way(entry) + verdict(entry) + (entry.request == AuditEntry.loadCredential ? detail(entry) : "")
    }

    static func id(_ entry: AuditEntry) -> String { entry.tokenID.map { ", token \($0)" } ?? "" }

    /// `: denied`, `: refused (short-lived)`
    static func verdict(_ entry: AuditEntry) -> String {
        let decision = entry.decision.map { ": \($0.rawValue)" } ?? ""
        return decision + (entry.reason.map { " (\(AuditText.claim($0)))" } ?? "")
    }

    /// What was attempted and what came of it, after a colon.
    static func detail(_ entry: AuditEntry) -> String { entry.text.map { ": " + AuditText.sentence($0) } ?? "" }

    /// ` from demodb.my.erp.net`
    static func server(_ entry: AuditEntry) -> String { entry.issuer.map { " from " + host(of: AuditText.claim($0)) } ?? "" }

    private static func host(of url: String) -> Substring {
        let parts = url.split(separator: "/", maxSplits: 2)
        return parts.count > 1 && parts[0].hasSuffix(":") ? parts[1] : url[...]
    }

    /// `valid for 60 min`, `never expires`
    static func life(_ entry: AuditEntry) -> String {
        if entry.expires == .never { return ", never expires" }
        return entry.remaining.map { ", valid for \(roundedDuration($0))" } ?? ""
    }

    /// What happens now: the present token, and the next try.
    static func outlook(_ entry: AuditEntry) -> String {
        let present = entry.remaining.map {
            $0 > 0 ? "; still serving the present token for \(roundedDuration($0))" : "; the present token has expired"
        }
        let next = entry.retryAfter.map { "trying again in \(roundedDuration(Int64($0)))" }
        return (present ?? "; no token is held") + ", " + (next ?? "not trying again before a sign-in, RENEW or a restart")
    }

    /// `1,203`
    static func number(_ number: UInt64) -> String {
        let digits = Array(String(number))
        let groups = stride(from: digits.count, to: 0, by: -3).map { String(digits[max(0, $0 - 3)..<$0]) }
        return groups.reversed().joined(separator: ",")
    }
}
