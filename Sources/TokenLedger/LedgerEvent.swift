package import OAuth
package import Secrets
package import TokenWire

/// What an administrator may want to know afterwards. No secret is in any of them.
package enum LedgerEvent: Sendable {
    /// A new token is held. `took` in nanoseconds.
    case renewed(CacheKey, HeldToken, previous: Fingerprint?, cause: Cause, took: Int64)
    /// An exchange brought nothing. `nextTry` and `stillServing` in nanoseconds from now; no `nextTry`: none until RENEW or a reload.
    case failed(CacheKey, Refusal, ExchangeFailure?, cause: Cause, nextTry: Int64?, stillServing: Int64, took: Int64)
    /// The first success after failures of this credential.
    case recovered(CacheKey, failures: Int)
    /// The held token ended while its renewal was failing: from now on callers are refused.
    case ranOut(CacheKey, Refusal)
}
