internal import TokenLedger

/// The sentence of an entry: `MESSAGE`.
package func auditMessage(_ summary: AuditSummary) -> String {
    let entry = summary.entry
    guard entry.event != .others else { return others(summary) }
    guard summary.count > 1 || !summary.isFirst else {
        return sentence(entry) + outlook(entry) + (summary.seconds > 0 ? " (\(roundedDuration(summary.seconds)) ago)" : "")
    }
    return sentence(entry) + ", " + times(summary) + " in " + roundedDuration(max(summary.seconds, 1))
}

/// The sentence of something that is told by itself.
package func auditMessage(_ entry: AuditEntry) -> String { sentence(entry) + outlook(entry) }

private func times(_ summary: AuditSummary) -> String {
    let number = AuditPhrase.number(summary.count)
    if summary.isFirst { return "\(number) times" }
    return summary.count == 1 ? "once more" : "\(number) more times"
}

private func others(_ summary: AuditSummary) -> String {
    let whom = summary.entry.uid.map { "uid \($0)" } ?? "other callers"
    let number = summary.count == 1 ? "1 more decision" : "\(AuditPhrase.number(summary.count)) more decisions"
    return "\(number) about \(whom) in \(roundedDuration(max(summary.seconds, 1))), of too many kinds to list each"
}

/// What is only true at its own moment; a summary leaves it out.
private func outlook(_ entry: AuditEntry) -> String { entry.event == .renewalFailed ? AuditPhrase.outlook(entry) : "" }

private func sentence(_ entry: AuditEntry) -> String {
    switch entry.event {
    case .handedOut: "\(AuditPhrase.subject(entry)) handed out to \(AuditPhrase.who(entry))\(AuditPhrase.way(entry))\(AuditPhrase.id(entry))"
    case .refused: "\(AuditPhrase.subject(entry)) refused to \(AuditPhrase.who(entry))\(AuditPhrase.refusal(entry))"
    case .rejected: rejected(entry)
    case .renewed: renewed(entry)
    case .renewalFailed: failed(entry)
    case .recovered: recovered(entry)
    case .renewalAsked: "renewal of \(AuditPhrase.quoted(entry)) asked for by \(AuditPhrase.who(entry))"
    case .signedIn: signedIn(entry)
    case .signInFailed: "sign-in for \(AuditPhrase.quoted(entry)) by \(AuditPhrase.who(entry)) came to nothing\(AuditPhrase.detail(entry))"
    case .signedOut: "\(AuditPhrase.quoted(entry)) is signed out by \(AuditPhrase.who(entry))\(AuditPhrase.detail(entry))"
    case .imported: "a token was brought in for \(AuditPhrase.quoted(entry)) by \(AuditPhrase.who(entry))\(AuditPhrase.id(entry))\(AuditPhrase.detail(entry))"
    case .endsSoon: "\(AuditPhrase.quoted(entry)) ends in \(roundedDuration(entry.remaining ?? 0))\(AuditPhrase.detail(entry))"
    case .loginRequired: "\(AuditPhrase.quoted(entry)) needs a person to sign in\(AuditPhrase.detail(entry))"
    case .sharedToken: "\(AuditPhrase.quoted(entry)) is shared: all callers that its rules allow are handed the same token"
    case .configurationLoaded: "configuration loaded\(AuditPhrase.detail(entry))"
    case .configurationRefused: "configuration refused\(AuditPhrase.detail(entry))"
    case .started: "started\(AuditPhrase.detail(entry))"
    case .resumed: "going on with what was held before\(AuditPhrase.detail(entry))"
    case .stopping: "stopping\(AuditPhrase.detail(entry))"
    case .auditGap: gap(entry)
    case .trouble, .troubleEnded, .limitReached, .limitCleared, .others: plain(entry)
    }
}

private func signedIn(_ entry: AuditEntry) -> String {
    let person = entry.subject.map { " as \(AuditText.claim($0))" } ?? ""
    let until = entry.remaining.map { ", good for \(roundedDuration($0))" } ?? ""
    return "\(AuditPhrase.quoted(entry)) is signed in\(person) by \(AuditPhrase.who(entry))\(AuditPhrase.server(entry))\(AuditPhrase.id(entry))\(until)"
        + AuditPhrase.detail(entry)
}

private func rejected(_ entry: AuditEntry) -> String {
    "\(AuditPhrase.subject(entry)) reported as rejected by \(AuditPhrase.who(entry))\(AuditPhrase.id(entry))"
        + AuditPhrase.verdict(entry)
}

private func recovered(_ entry: AuditEntry) -> String {
    "\(AuditPhrase.quoted(entry)) works again for \(AuditPhrase.who(entry))\(AuditPhrase.id(entry))" + AuditPhrase.detail(entry)
}

private func renewed(_ entry: AuditEntry) -> String {
    let verb = entry.previousID == nil ? "obtained" : "renewed"
    let change = entry.previousID.map { " after \($0)" } ?? ""
    return "\(AuditPhrase.subject(entry)) \(verb) for \(AuditPhrase.who(entry))\(AuditPhrase.server(entry))"
        + "\(AuditPhrase.id(entry))\(change)\(AuditPhrase.life(entry))"
}

private func failed(_ entry: AuditEntry) -> String {
    let verb = entry.remaining == nil ? "obtain" : "renew"
    return "could not \(verb) \(AuditPhrase.quoted(entry)) for \(AuditPhrase.who(entry))\(AuditPhrase.detail(entry))"
}

private func gap(_ entry: AuditEntry) -> String {
    let away = "no audit entry was taken for \(roundedDuration(max(AuditTally.wholeSeconds(entry.duration ?? 0), 1)))"
    guard let held = entry.held, held > 0 else { return away }
    return "\(away); what was held back follows, by itself or counted in summaries (\(AuditPhrase.number(held)))"
}

private func plain(_ entry: AuditEntry) -> String {
    entry.text.map { AuditText.sentence($0) } ?? entry.event.rawValue + AuditPhrase.verdict(entry)
}
