internal import OAuth
package import TokenWire

/// Sign-ins and imported tokens that the store has and the configuration does not use: of a token that was removed, or is had in another way now.
/// They live on at their server until somebody signs out (REV-05).
extension Ledger {
    /// Their names, in order.
    package var unconfigured: [TokenName] { grants.tokens.filter(isUnconfigured).sorted() }

    package func isUnconfigured(_ token: TokenName) -> Bool {
        guard let holding = grants[token] else { return false }
        let settings = configuration.tokens[token]
        if holding.locked != nil { return settings == nil }
        guard let record = holding.record, record.kind != .ended else { return false }
        return settings?.grant.kind.rawValue != record.binding.grant
    }

    /// The sign-ins among them that this caller ran, in order.
    package func unconfigured(of caller: Caller) -> [TokenName] { grants.toldUnconfigured.filter { isUnconfigured($0, of: caller) }.sorted() }

    /// Whether this caller ran the sign-in: it may end it, and see it, though no rule names it any more.
    package func isUnconfigured(_ token: TokenName, of caller: Caller) -> Bool {
        caller.unit != .failed && !caller.isUnitAlone && grants[token]?.record?.signer == caller.uid && isUnconfigured(token)
    }

    /// What STATUS says of one.
    package func unconfiguredStatus(of token: TokenName) -> TokenStatus {
        var status = TokenStatus(state: .unconfigured)
        status.reason = unconfiguredText(token)
        return status
    }

    private func unconfiguredText(_ token: TokenName) -> String {
        let place = configuration.tokens[token] == nil ? "\"\(token)\" is not configured" : "\"\(token)\" is had in another way now"
        guard let record = grants[token]?.record else { return "\(place), and the store has a record of it that cannot be opened" }
        guard record.kind == .refresh else { return "\(place), and the store still has an imported token; to forget it: tokenctl logout \(token)" }
        let person = record.binding.subject.map { " of \(quoted($0))" } ?? ""
        return "\(place), and a sign-in\(person) lives on at \(record.binding.server); to end it: tokenctl logout \(token)"
    }

    /// Tells of those that are new since this was last asked, and of those that are no more.
    mutating func reviewUnconfigured(_ turn: inout Turn) {
        for token in grants.toldUnconfigured.union(grants.tokens).sorted() { reviewUnconfigured(token, &turn) }
    }

    /// The same of one token whose record has changed.
    mutating func reviewUnconfigured(_ token: TokenName, _ turn: inout Turn) {
        let isPresent = isUnconfigured(token)
        guard grants.note(isUnconfigured: isPresent, token) else { return }
        turn.events.append(isPresent ? .unconfigured(token, unconfiguredText(token)) : .unconfiguredEnded(token))
    }
}
