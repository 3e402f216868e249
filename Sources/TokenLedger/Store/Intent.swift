package import Secrets

/// What is on the disk before a refresh token is sent: without a successor beside it, the outcome of that sending is unknown.
package struct Intent: Hashable, Sendable {
    /// The sign-in, and the record whose token is sent.
    package var grant: UInt64
    package var generation: UInt64
    /// How often the token has been sent since its last answer that is known, this one included; at most 255.
    package var attempt: Int
    /// Of the token that is sent.
    package var token: Fingerprint
    /// Seconds since the epoch.
    package var sent: Int64

    /// As many as one byte counts.
    static let mostAttempts = 255

    package init(grant: UInt64, generation: UInt64, attempt: Int, token: Fingerprint, sent: Int64) {
        self.grant = grant
        self.generation = generation
        self.attempt = attempt
        self.token = token
        self.sent = sent
    }
}
