/// Why an ID token is not believed. `description` continues a sentence: "the ID token …"; it names the claim and never shows it, but
/// for an issuer and an audience.
package enum IDTokenProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// `openid` was asked for and nothing came
    case missing
    case malformed
    case encrypted
    case type(shown: String)
    case critical
    case algorithm(shown: String)
    /// no key of this id, even after asking again
    case unknownKey
    case unfitKey
    /// it names none, and not exactly one would fit
    case unnamedKey
    case signature
    case issuer(shown: String)
    /// it is for this client, and for somebody whom the configuration does not name
    case audience(shown: String)
    case absent(claim: String)
    case wrong(claim: String)
    /// `sub` is a number or something else that is no text
    case subjectIsNotAString
    case expired
    case early(claim: String)
    case tooOld(claim: String)

    package var description: String {
        switch self {
        case .missing: "is missing, though 'openid' was asked for"
        case .malformed: "is no signed token"
        case .encrypted: "is encrypted, which is not supported; have the server only sign it"
        case .type(let type): "is of the type '\(type)', which is another kind of token"
        case .critical: "demands an extension that is not understood (crit)"
        case .algorithm(let algorithm): "is signed with '\(algorithm)', which the server's metadata do not allow or nobody should"
        case .unknownKey: "is signed with a key that the server does not publish; if its keys have just changed, try again in a minute"
        case .unfitKey: "is signed with a key that is not for its algorithm"
        case .unnamedKey: "does not say with which of the server's keys it is signed"
        case .signature: "has a wrong signature"
        case .issuer(let issuer): "is from another issuer, '\(issuer)'"
        case .audience(let audience):
            "is for '\(audience)' as well; if that is meant, add it to id_token_audiences under [client]"
        case .absent(let claim): "has no usable '\(claim)'"
        case .subjectIsNotAString:
            "has a 'sub' that is no text, which OpenID Connect demands; have the server send it as text, or leave 'openid' out of the token's scopes: "
                + "then nobody is named"
        case .wrong(let claim): "has another '\(claim)' than it must have"
        case .expired: "has expired already; \(Self.clocks)"
        case .early(let claim): "has an '\(claim)' in the future; \(Self.clocks)"
        case .tooOld("auth_time"): "has an 'auth_time' that is too old; sign in again"
        case .tooOld(let claim): "has an '\(claim)' that is too old; \(Self.clocks)"
        }
    }
    private static let clocks = "compare the clock of this machine with the server's"

    /// Whether two clocks differ, which passes: a machine has just woken up, or a clock is about to be set.
    var isAboutClocks: Bool {
        switch self {
        case .expired, .early: true
        case .tooOld(let claim): claim != "auth_time"
        case .missing, .malformed, .encrypted, .type, .critical, .algorithm, .unknownKey, .unfitKey, .unnamedKey, .signature, .issuer, .audience, .absent,
            .subjectIsNotAString, .wrong:
            false
        }
    }

    /// Whether it leaves no doubt about who signed in, so that what came beside a refreshed token may be used, and only the token itself is
    /// dropped. A refresh is answered by the server itself, and a refusal would last: the next answer would be no better.
    /// django-oauth-toolkit names the person's last sign-in, wherever that was, and hashes another access token when a refresh is replayed.
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
        // asking for the keys once more is allowed after a minute (JWKS-02)
        case .unknownKey: self.init(law: .answered(retryAfter: 60), reach: .credential, text: text)
        default: self = .configuration(text)
        }
    }
}
