import OAuth
import TokenWire
@testable import TokenLedger

/// Who asks, and what for.
extension RandomWorld {
    static let names = ["portal.sync", "portal.shared", "portal.user", "portal.narrow", "portal.pat", "other.job", "other.sat"]
    static let callers =
        [1000, 1001, 1002, 1003, 1004].map { Caller(uid: $0, gid: 50, pid: 7) } + [Caller(uid: 990, gid: 990, pid: 8, unit: .unit("erp-sync.service"))]
    static let failures = [
        Scene.busyServer, Scene.unreachable, Scene.wrongSecret, Scene.page, Scene.garbled, GrantScene.invalidGrant, GrantScene.lost,
        ExchangeFailure(law: .answered(retryAfter: 5), reach: .client, status: 429, text: "the token endpoint answered 429"),
    ]

    /// Each differs from the first in one thing.
    static let variants = 8

    static func configuration(variant: Int) -> Configuration {
        var configuration = Configuration()
        configuration.applications["portal"] = Scene.application("portal")
        configuration.applications["other"] = Scene.application("other", issuer: variant == 1 ? "https://elsewhere.test" : "https://id.test")
        configuration.limits.membersPerGroup = 2
        for token in tokens(variant: variant) { configuration.tokens[token.name] = token }
        switch variant {
        case 2: configuration.tokens[TokenName("portal.user")!] = nil
        case 3: configuration.tokens[TokenName("portal.sync")!]?.scopes = ["read", "update", "more"]
        case 4: configuration.tokens[TokenName("portal.narrow")!]?.grant = .clientCredentials
        case 5:
            (configuration.applications["other"], configuration.tokens[TokenName("other.job")!], configuration.tokens[TokenName("other.sat")!]) = (
                nil, nil, nil
            )
        case 6: configuration.tokens[TokenName("portal.shared")!]?.allow = []
        default: break
        }
        return configuration
    }

    private static func tokens(variant: Int) -> [TokenSettings] {
        let everybody = [
            AllowEntry(who: PeerPattern(unit: UnitPattern("erp-*.service")), place: "portal.toml:9"),
            AllowEntry(who: PeerPattern(user: NamedID(name: "alice", id: 1000)), login: true, place: "portal.toml:10"),
            AllowEntry(who: PeerPattern(group: NamedID(name: "staff", id: 50)), scopes: ["read"], login: true, place: "portal.toml:11"),
        ]
        let signIn = SignInSettings(redirectURIs: ["http://127.0.0.1:53177/callback"])
        var narrow = signIn
        (narrow.narrow, narrow.refreshDiesWithToken, narrow.refreshIdle) = (true, variant == 7, 7_200)
        let asked = ["openid", "read", "update", "offline_access"]
        return [
            TokenSettings(name: TokenName("portal.sync")!, grant: .clientCredentials, scopes: ["read", "update"], allow: everybody),
            TokenSettings(name: TokenName("portal.shared")!, grant: .clientCredentials, scopes: ["read"], keep: .always, shared: true, allow: everybody),
            TokenSettings(name: TokenName("portal.user")!, grant: .authorizationCode(signIn), scopes: asked, shared: true, allow: everybody),
            TokenSettings(name: TokenName("portal.narrow")!, grant: .authorizationCode(narrow), scopes: asked, shared: true, allow: everybody),
            TokenSettings(name: TokenName("portal.pat")!, grant: .reference(ReferenceSettings()), scopes: ["read"], allow: everybody),
            TokenSettings(name: TokenName("other.job")!, grant: .clientCredentials, scopes: ["read"], allow: everybody),
            TokenSettings(
                name: TokenName("other.sat")!, grant: .reference(ReferenceSettings(probe: .init(way: .introspection, every: 600))), scopes: ["read"],
                allow: everybody),
        ]
    }
}
