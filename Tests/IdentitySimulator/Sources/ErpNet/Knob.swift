/// One knob: its name on the control socket, its value and how it is set.
package struct Knob: Sendable {
    package let name: String
    /// A description of its values.
    package let choices: String
    package let read: @Sendable (Knobs) -> String
    /// Sets it; `false` if the value is not permitted.
    package let turn: @Sendable (inout Knobs, String) -> Bool

    package static let all: [Knob] = [
        choice("sys-auto-discovery", \.sysAutoDiscovery),
        choice("tools-auto-discovery", \.toolsAutoDiscovery),
        choice("auto-discovery-shape", \.autoDiscoveryShape),
        choice("id-status", \.idStatus),
        text("id-url", \.idURL, "own, absent or a URL"),
        choice("odata-root", \.odataRoot),
        choice("issuer", \.issuer),
        choice("optional-metadata", \.optionalMetadata),
        choice("read-in-scopes", \.readInScopes),
        choice("error-descriptions", \.errorDescriptions),
        number("invalid-client-status", \.invalidClientStatus, 400...499),
        choice("scope-grant", \.scopeGrant),
        choice("public-secret", \.publicSecret),
        choice("missing-secret", \.missingSecret),
        choice("forbidden-grant", \.forbiddenGrant),
        number("access-ttl", \.accessTTL, 1...86_400_000),
        text("auto-login", \.autoLogin, "off or a login"),
        choice("deny", \.deny),
        choice("consent", \.consent),
        choice("iss-parameter", \.issuerParameter),
        choice("iss-advertised", \.issuerAdvertised),
        choice("session-state", \.sessionState),
        choice("state-answer", \.stateAnswer),
        choice("loopback-port", \.loopbackPort),
        number("code-ttl", \.codeTTL, 1...86_400),
        choice("code-reuse", \.codeReuse),
        choice("refresh-tokens", \.refreshTokens),
        word("refresh-mode", \.refreshMode, "reject, family-revoke, grace-SECONDS or no-rotation"),
        choice("unrotated-answer", \.unrotatedAnswer),
        choice("refresh-expiry", \.refreshExpiry),
        word("refresh-ttl", \.refreshTTL, "by-client-type or seconds"),
        choice("refresh-expires-in", \.refreshExpiresIn),
        choice("refresh-scope", \.refreshScope),
        choice("repeat-claims", \.repeatClaims),
        number("id-token-ttl", \.idTokenTTL, 1...86_400_000),
        choice("id-tokens", \.idTokens),
        choice("id-token-flaw", \.idTokenFlaw),
        choice("id-token-flaw-in", \.idTokenFlawIn),
        choice("id-token-profile", \.idTokenProfile),
        choice("revocation-endpoint", \.revocationEndpoint),
        choice("introspection", \.introspection),
        choice("device-grant", \.deviceGrant),
        number("device-ttl", \.deviceTTL, 1...86_400),
        number("device-interval", \.deviceInterval, 0...3600),
        choice("logout-kills", \.logoutKills),
        choice("api-challenge", \.apiChallenge),
        number("licences", \.licences, 0...1_000_000),
        number("licence-status", \.licenceStatus, 400...599),
        choice("keep-alive", \.keepAlive),
    ]

    private static func choice<Value: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Knobs, Value> & Sendable
    ) -> Knob {
        Knob(name: name, choices: Value.allCases.map(\.rawValue).joined(separator: ", ")) {
            $0[keyPath: path].rawValue
        } turn: {
            guard let value = Value(rawValue: $1) else { return false }
            $0[keyPath: path] = value
            return true
        }
    }

    private static func word<Value: LosslessStringConvertible & Sendable>(
        _ name: String, _ path: any WritableKeyPath<Knobs, Value> & Sendable, _ choices: String
    ) -> Knob {
        Knob(name: name, choices: choices) {
            $0[keyPath: path].description
        } turn: {
            guard let value = Value($1) else { return false }
            $0[keyPath: path] = value
            return true
        }
    }

    private static func number(
        _ name: String, _ path: any WritableKeyPath<Knobs, Int> & Sendable, _ range: ClosedRange<Int>
    ) -> Knob {
        Knob(name: name, choices: "\(range.lowerBound) to \(range.upperBound)") {
            String($0[keyPath: path])
        } turn: {
            guard let value = Int($1), range.contains(value) else { return false }
            $0[keyPath: path] = value
            return true
        }
    }

    private static func text(_ name: String, _ path: any WritableKeyPath<Knobs, String> & Sendable, _ choices: String) -> Knob {
        Knob(name: name, choices: choices) {
            $0[keyPath: path]
        } turn: {
            $0[keyPath: path] = $1
            return !$1.isEmpty
        }
    }
}

extension Knobs {
    /// Sets the knob with this name.
    package mutating func turn(_ name: String, to value: String) throws(ControlError) {
        guard let knob = Knob.all.first(where: { $0.name == name }) else {
            throw ControlError("no knob \"\(name)\"; \"knob\" shows them all")
        }
        var turned = self
        guard knob.turn(&turned, value) else { throw ControlError("\"\(name)\" is \(knob.choices), not \"\(value)\"") }
        self = turned
    }

    /// All knobs and their values.
    package var values: JSON {
        .object(Knob.all.map { JSON.Member(name: $0.name, value: .string($0.read(self))) })
    }
}
