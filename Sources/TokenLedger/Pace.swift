/// How long things take that a test, or a torture of the whole daemon, does not want to wait for. Nanoseconds.
package struct Pace: Sendable {
    /// From the end of a lost exchange to its replay; after further ones up to ten times as long.
    package var replay = Int64.seconds(60)
    /// After the first, second and third refusal of a refresh token; the next one is believed.
    package var quarantine = [Int64.seconds(60), .seconds(600), .seconds(3600)]
    /// Until what is refused is tried again, and how long answers that say nothing readable go on before they are told as a refusal.
    package var refusal = Int64.seconds(3600)
    /// A grant with a refresh token is used at least so often, or it might die of idleness.
    package var keepAlive = Int64.seconds(12 * 3600)
    /// What was due while the daemon was away is caught up with over this long.
    package var catchUp = Int64.seconds(600)
    /// Until an intent that is not durable is given up.
    package var intent = Int64.seconds(10)
    /// Until a successor that is not durable is trouble.
    package var successor = Int64.seconds(2)
    /// After the first failure to have a refresh token revoked; twice as long after each further one.
    package var revocation = Int64.seconds(10)
    /// From LOGIN to its end: as long as a code may live (RFC 6749 section 4.1.2).
    package var signIn = Int64.seconds(600)

    package init() {}
}
