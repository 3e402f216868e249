internal import TokenLedger

/// Which keys of a `[token.NAME]` table belong to some grants alone.
enum GrantKeys {
    private struct Group {
        let grants: Set<GrantKind>
        let owner: String
        let keys: [String]
    }

    private static let groups = [
        Group(
            grants: [.authorizationCode], owner: "grant \"authorization_code\"",
            keys: ["response_type", "redirect_uri", "post_logout_redirect_uri", "prompt", "login_hint", "max_age"]),
        Group(
            grants: [.authorizationCode], owner: "grants with a refresh token",
            keys: ["narrow", "refresh_dies_with_token", "refresh_lifetime", "refresh_idle"]),
        Group(grants: [.reference], owner: "grant \"reference\"", keys: ["value", "expires", "probe"]),
        Group(
            grants: [.clientCredentials, .authorizationCode], owner: "grants that ask a server for tokens",
            keys: ["audiences", "audience_parameter", "keep", "assume_lifetime"]),
    ]

    /// Known for every grant. Where the grant itself is not good, that alone is worth saying.
    static func refuseForeign(in table: TableReader, _ grant: GrantKind?) {
        for group in groups {
            for node in group.keys.compactMap(table.node) {
                guard let grant, !group.grants.contains(grant) else { continue }
                table.problems.error("belongs to \(group.owner); \(grant.rawValue) has no use for it, so remove it", at: node.place)
            }
        }
    }
}
