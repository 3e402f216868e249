internal import OAuth
internal import TokenWire

extension Refusal {
    /// Only a person can help: `reason` is one word, the text says what happened.
    static func loginRequired(_ token: TokenName, _ reason: String, _ text: String) -> Refusal {
        Refusal(.loginRequired, [Field("reason", reason)], "\(text); sign in: tokenctl login \(token)")
    }

    /// - Parameter last: why the last sign-in was not taken.
    static func nobodySignedIn(_ token: TokenName, after last: Refusal? = nil) -> Refusal {
        .loginRequired(token, "no-sign-in", "nobody has signed in yet" + (last.map { " (the last sign-in was not taken: \($0.text))" } ?? ""))
    }

    static func signedOut(_ token: TokenName) -> Refusal { .loginRequired(token, "signed-out", "the person has signed out") }

    static func otherServer(_ token: TokenName, _ record: StoredRecord) -> Refusal {
        .loginRequired(
            token, "issuer-changed", "the sign-in belongs to client \"\(record.binding.clientID)\" at \(record.binding.server), the configuration names another"
        )
    }

    /// - Parameters:
    ///   - failure: what the server says to the repetition.
    ///   - answered: what it had answered to the renewal before, where that came whole and was of no use.
    static func answerLost(_ token: TokenName, _ failure: ExchangeFailure, answered: String? = nil) -> Refusal {
        var refusal: Refusal =
            if let answered {
                .loginRequired(
                    token, "refresh-refused", "the server's answer to a renewal cannot be used (\(answered)), and it may have spent the refresh token")
            } else {
                .loginRequired(token, lostReason, "the server's answer to a renewal was lost, and the new refresh token with it (\(failure.text))")
            }
        if let error = failure.oauthError { refusal.fields.append(Field("oauth-error", error)) }
        return refusal
    }

    private static let lostReason = "answer-lost"

    static func noRefreshToken(_ token: TokenName) -> Refusal {
        .loginRequired(
            token, noRefreshTokenReason, "the server gave no refresh token, so the access token cannot be renewed (is offline_access among the scopes?)")
    }
    private static let noRefreshTokenReason = "no-refresh-token"
    /// Nothing is wrong as long as the access token lives.
    var isOnlyOfNoRefreshToken: Bool { code == .loginRequired && fields.contains(Field("reason", Self.noRefreshTokenReason)) }

    /// The server said no: four times, or in a word that is only ever about the person.
    static func refreshRefused(_ token: TokenName, _ failure: ExchangeFailure) -> Refusal {
        var refusal = Refusal.loginRequired(token, "refresh-refused", "the server no longer takes the refresh token (\(failure.text))")
        if let error = failure.oauthError { refusal.fields.append(Field("oauth-error", error)) }
        return refusal
    }

    static func locked(_ token: TokenName, _ reason: String, isReference: Bool = false) -> Refusal {
        let remedy = isReference ? "bring the token in again: tokenctl import \(token)" : "sign in again: tokenctl login \(token)"
        return Refusal(
            .refused, [Field("reason", lockedReason)], "the record of \"\(token)\" cannot be opened: \(reason); unless that is mended, \(remedy)")
    }
    private static let lockedReason = "locked"
    var isOfLockedRecord: Bool { code == .refused && fields.contains(Field("reason", Self.lockedReason)) }

    static func nothingImported(_ token: TokenName) -> Refusal {
        Refusal(.expired, [Field("reason", "not-imported")], "no token was brought in yet: tokenctl import \(token)")
    }

    static func referenceEnded(_ token: TokenName, isConfigured: Bool) -> Refusal {
        let remedy = isConfigured ? "have it reissued and put the new one where the configuration names it" : "have it reissued, then tokenctl import \(token)"
        return Refusal(.expired, [], "the reference token is past its end; \(remedy)")
    }

    static func store(_ fault: StoreFault, retryAfter: Int64? = nil) -> Refusal {
        Refusal(.unavailable, [Field("reason", "store")] + (retryAfter.map { [Field("retry-after", $0)] } ?? []), fault.text)
    }
}
