/// Why an ID token is rejected. `description` continues a sentence: "the ID token …". It names the claim, and shows the value only for an issuer or
/// an audience.
package enum IDTokenProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// `openid` was requested and the response has no ID token
    case missing
    case malformed
    case encrypted
    case type(shown: String)
    case critical
    case algorithm(shown: String)
    /// the server publishes no key with this id, even after the keys were fetched again
    case unknownKey
    case unfitKey
    /// the token has no key id, and not exactly one key fits
    case unnamedKey
    case signature
    case issuer(shown: String)
    /// the token is also for an audience that is not configured
    case audience(shown: String)
    case absent(claim: String)
    case wrong(claim: String)
    /// `sub` is not a string
    case subjectIsNotAString
    case expired
    case early(claim: String)
    case tooOld(claim: String)

    package var description: String {
        switch self {
        case .missing: "is missing, although 'openid' was requested"
        case .malformed: "is not a signed token"
        case .encrypted: "is encrypted, which is not supported; have the server only sign it"
        case .type(let type): "is of the type '\(type)', which is another kind of token"
        case .critical: "requires an unsupported extension (crit)"
        case .algorithm(let algorithm): "is signed with '\(algorithm)', which the server's metadata do not list or which is insecure"
        case .unknownKey: "is signed with a key that the server does not publish; if its keys have just changed, try again in a minute"
        case .unfitKey: "is signed with a key that is not for its algorithm"
        case .unnamedKey: "does not name the key that signed it"
        case .signature: "has a wrong signature"
        case .issuer(let issuer): "is from another issuer, '\(issuer)'"
        case .audience(let audience):
            "is for '\(audience)' as well; if that is meant, add it to id_token_audiences under [client]"
        case .absent(let claim): "has no usable '\(claim)'"
        case .subjectIsNotAString:
            "has a 'sub' that is not a string, which OpenID Connect requires; have the server send it as a string, "
                + "or leave 'openid' out of the token's scopes: then no person is named"
        case .wrong(let claim): "has an unexpected '\(claim)'"
        case .expired: "has expired already; \(Self.clocks)"
        case .early(let claim): "has an '\(claim)' in the future; \(Self.clocks)"
        case .tooOld("auth_time"): "has an 'auth_time' that is too old; sign in again"
        case .tooOld(let claim): "has an '\(claim)' that is too old; \(Self.clocks)"
        }
    }
    private static let clocks = "compare the clock of this machine with the server's"

    /// Whether the clocks of this machine and the server differ. That passes when the clock is set, for example after a wake-up.
    var isAboutClocks: Bool {
        switch self {
        case .expired, .early: true
        case .tooOld(let claim): claim != "auth_time"
        case .missing, .malformed, .encrypted, .type, .critical, .algorithm, .unknownKey, .unfitKey, .unnamedKey, .signature, .issuer, .audience, .absent,
            .subjectIsNotAString, .wrong:
            false
        }
    }

    /// Whether the person is certain despite this problem, so that a refreshed access token may be used and only the ID token is dropped. Rejecting
    /// the refresh would not help, because the next response would have the same problem. For example, django-oauth-toolkit sends the time of the
    /// person's latest sign-in anywhere, and the hash of another access token when a refresh is replayed.
    package var leavesSubjectCertain: Bool {
        switch self {
        case .wrong(let claim): ["auth_time", "at_hash"].contains(claim)
        case .missing, .malformed, .encrypted, .type, .critical, .algorithm, .unknownKey, .unfitKey, .unnamedKey, .signature, .issuer, .audience, .absent,
            .subjectIsNotAString, .expired,
            .early, .tooOld:
            false
        }
    }
}

extension ExchangeFailure {
    package init(_ problem: IDTokenProblem) {
        let text = "the ID token \(problem)"
        switch problem {
        case _ where problem.isAboutClocks: self.init(law: .answered(retryAfter: nil), reach: .credential, isAboutClocks: true, text: text)
        // the keys may be fetched again after a minute (JWKS-02)
        case .unknownKey: self.init(law: .answered(retryAfter: 60), reach: .credential, text: text)
        default: self = .configuration(text)
        }
    }
}
