internal import TokenWire

/// Whose part of the room for pending sign-ins one takes.
///
/// A person may have many uids (subordinate ones, user namespaces), all of which a rule for a group lets in. So whoever no rule names shares the part
/// of the rule with all others whom it lets in.
enum LoginShare: Hashable, Sendable {
    /// root, and administrators
    case administrator
    /// a user whom a rule names
    case user(UInt32)
    /// all whom a rule without a user lets in
    case rule(RulePlace)
}

extension AccessPolicy {
    /// For a caller whom `authoriseLogin` let through.
    func loginShare(of token: TokenName, for caller: Caller) -> LoginShare {
        if isAdmin(caller) { return .administrator }
        guard let settings = settings(of: token), let entry = firstEntry(of: settings, for: caller).map({ settings.allow[$0] }), entry.who.user == nil else {
            return .user(caller.uid)
        }
        return .rule(entry.place)
    }
}
