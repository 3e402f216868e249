package import OAuth
package import Secrets
package import TokenWire

/// What an administrator may want to know afterwards. No secret is in any of them.
package enum LedgerEvent: Sendable {
    /// A new token is held. `took` in nanoseconds.
    case renewed(CacheKey, HeldToken, previous: Fingerprint?, cause: Cause, took: Int64)
    /// An exchange brought nothing. `nextTry` and `stillServing` in nanoseconds from now; no `nextTry`: only a person can help.
    case failed(CacheKey, Refusal, ExchangeFailure?, cause: Cause, nextTry: Int64?, stillServing: Int64, took: Int64)
    /// The first success after failures that were told of this consumer.
    case recovered(TokenName, Consumer, failures: Int)
    /// The held token ended while its renewal was failing: from now on callers are refused.
    case ranOut(CacheKey, Refusal)
    /// A person has signed in; `subject` as the server names them. `until` as forecast, seconds since the epoch. Without a refresh token it is not
    /// renewable.
    case signedIn(TokenName, HeldToken, subject: String?, caller: Caller?, until: Int64?, isRenewable: Bool)
    case signInFailed(TokenName, Refusal, caller: Caller)
    /// LOGOUT: forgotten here, and at the server if `trouble` is `nil`.
    case signedOut(TokenName, caller: Caller, isRevoked: Bool, trouble: String?)
    /// IMPORT
    case imported(TokenName, Fingerprint, caller: Caller, expires: Expiry?)
    /// An API did not take a reference token.
    case referenceRejected(TokenName, Fingerprint)
    /// A look at a reference token showed something.
    case probeTrouble(TokenName, Fingerprint, ProbeTrouble)
    /// It is over: healed, or the token is gone or is no longer looked at.
    case probeTroubleEnded(TokenName, Fingerprint, ProbeTrouble.Kind, isHealed: Bool)
    /// A sign-in or a reference token ends at this second of the epoch.
    case endsSoon(TokenName, at: Int64, inSeconds: Int64)
    /// The server's tokens live so briefly, in seconds, that most of it is over when they arrive. Told once, until one lives longer.
    case shortLived(TokenName, seconds: Int64)
    /// A refresh token is of no use any more: a person has to sign in.
    case loginRequired(TokenName, Refusal)
    /// What the store has of this token cannot be opened.
    case locked(TokenName, String)
    /// What has to be on the disk is not; tried again.
    case storeFailed(TokenName, StoreFault)
    case storeRecovered(TokenName)
    /// Something else about the store that an operator should know.
    case storeNote(TokenName, String)
    /// A refresh token out of use was not revoked: at the first failure, and when it is given up. The text says which.
    case notRevoked(TokenName, String)
    /// It is revoked after all.
    case revoked(TokenName)
    /// The store has a sign-in or an imported token that the configuration does not use; the text says where it lives on.
    case unconfigured(TokenName, String)
    /// It is used again, or ended.
    case unconfiguredEnded(TokenName)
}
