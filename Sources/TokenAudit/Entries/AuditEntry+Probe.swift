internal import Secrets
internal import TokenLedger
internal import TokenWire

/// What looks at a reference token show: once when it begins, and once when it is over.
extension AuditEntry {
    init(_ trouble: ProbeTrouble, of token: TokenName, _ id: Fingerprint) {
        let text =
            switch trouble.kind {
            case .refused: "the reference token of \"\(token)\" is not taken any more: \(trouble.text); it is served all the same, have it reissued"
            case .misconfigured: "whether the token of \"\(token)\" is still good cannot be seen: \(trouble.text)"
            case .unanswered: "whether the token of \"\(token)\" is still good could not be seen this time: \(trouble.text)"
            }
        let priority: AuditPriority? = trouble.kind == .unanswered ? .notice : nil
        self.init(.trouble, priority: priority, token: token, tokenID: id, reason: trouble.kind.rawValue, text: text)
    }

    /// - Parameter isHealed: otherwise the token is gone, or nobody looks any more.
    init(theEndOf kind: ProbeTrouble.Kind, _ token: TokenName, _ id: Fingerprint, isHealed: Bool) {
        let healed =
            switch kind {
            case .refused: "the reference token of \"\(token)\" is taken again"
            case .misconfigured, .unanswered: "whether the token of \"\(token)\" is still good can be seen again"
            }
        let gone = "the token of \"\(token)\" that there was trouble with was replaced, has ended, or is not looked at any more"
        self.init(.troubleEnded, token: token, tokenID: id, reason: kind.rawValue, text: isHealed ? healed : gone)
    }
}
