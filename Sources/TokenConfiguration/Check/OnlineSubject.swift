package import OAuth
package import TokenLedger
internal import TokenWire

/// One application as far as it could be read: where its server is, who it is, and its tokens.
package struct OnlineSubject {
    package var name: String
    package var server: ServerSettings
    /// `nil`: it cannot be said who the client is, for its secret was not looked at.
    package var client: ClientIdentity?
    /// By name.
    package var tokens: [TokenSettings]
    /// Credentials that only systemd hands over, by the key that names them.
    var passedOver: [String: String] = [:]
}

extension OnlineSubject {
    /// Every application of a configuration, by name.
    package static func all(in reading: ConfigurationReading) -> [OnlineSubject] {
        reading.servers.sorted { $0.key < $1.key }.map { name, server in
            OnlineSubject(
                name: name, server: server, client: reading.draft.applications[name]?.client,
                tokens: reading.draft.tokens.values.filter { $0.name.application == name }.sorted { $0.name < $1.name },
                passedOver: Dictionary(
                    reading.passedOver.filter { $0.file.hasSuffix("/apps.d/\(name).toml") }.map { ($0.key, $0.id) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    /// Whether any token needs the server: an API is asked about a reference token without it.
    var needsServer: Bool { tokens.contains(where: \.needsServer) }

    /// Why its server cannot be tried at all; `nil` if it can.
    var obstacle: String? { passedOver["proxy.password.credential"].map(Self.reason) }

    /// Why the client is not known.
    var absence: String { passedOver["client.secret.credential"].map(Self.reason) ?? "it is not known who the client is" }

    /// Why the value of a reference token is not known.
    func absence(of token: TokenSettings) -> String {
        passedOver["token.\(token.name.token).value.credential"].map(Self.reason) ?? "what \"tokenctl import\" brought in is known to the daemon alone"
    }

    private static func reason(_ id: String) -> String { "systemd hands the credential \"\(id)\" to the service alone" }
}

extension TokenSettings {
    var needsServer: Bool {
        switch grant {
        case .clientCredentials, .authorizationCode: true
        case .reference(let reference): reference.probe?.way == .introspection
        }
    }

    /// What callers may ask for, the least and then, if it is more, the most: issuing a token costs nothing until it is used.
    var scopeSets: [[String]] {
        let asked = allow.isEmpty ? [scopes] : allow.map { $0.scopes ?? scopes }
        guard let least = asked.min(by: { $0.count < $1.count }), let most = asked.max(by: { $0.count < $1.count }) else { return [scopes] }
        return Set(least) == Set(most) ? [least] : [least, most]
    }

    /// A rule names these scopes itself: it gets nothing from a wider token.
    func isBounded(by scopes: [String]) -> Bool { allow.contains { $0.scopes.map(Set.init) == Set(scopes) } }
}
