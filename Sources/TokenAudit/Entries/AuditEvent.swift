/// What happened, in the words of `TOKEND_EVENT`. Each kind has one `MESSAGE_ID`, which never changes, and one entry in
/// `systemd/tokend.catalog`, which tells an administrator what it means and what to do.
package enum AuditEvent: String, Hashable, Sendable, CaseIterable {
    /// a caller was given a token
    case handedOut = "handed-out"
    /// a caller was not given what it asked for; the decision says why
    case refused
    /// a caller reported that an API did not take its token
    case rejected
    /// an identity server issued a token
    case renewed
    /// an identity server did not, or could not be asked
    case renewalFailed = "renewal-failed"
    /// the first success after failures
    case recovered
    /// an administrator asked for a renewal
    case renewalAsked = "renewal-asked"
    /// a person has signed in
    case signedIn = "signed-in"
    /// a sign-in that had begun came to nothing
    case signInFailed = "sign-in-failed"
    /// a sign-in was ended by whoever may
    case signedOut = "signed-out"
    /// a reference token, or a refresh token, was brought in
    case imported
    /// a sign-in or a reference token ends in some days or hours
    case endsSoon = "ends-soon"
    /// a refresh token is of no use any more: a person has to sign in
    case loginRequired = "login-required"
    /// something else an operator can act on began
    case trouble
    /// and ended
    case troubleEnded = "trouble-ended"
    /// callers meet a limit from here on
    case limitReached = "limit-reached"
    /// and no longer
    case limitCleared = "limit-cleared"
    /// the configuration gives one token to several consumers
    case sharedToken = "shared-token"
    case configurationLoaded = "configuration-loaded"
    case configurationRefused = "configuration-refused"
    case started
    /// what was held before a restart goes on
    case resumed
    case stopping
    /// decisions of too many kinds to list each
    case others
    /// the journal did not take entries for a while
    case auditGap = "audit-gap"

    /// 128 bits as 32 lower-case hex digits (`journalctl MESSAGE_ID=…`, systemd.journal-fields(7)).
    package var messageID: String {
        switch self {
        case .handedOut: "5706b4eef38c48c8bcceb49ed421b982"
        case .refused: "bf85985b2ebf4591b4b4f968a638dc0f"
        case .rejected: "b1d6c3e16ab3401ba06fd1c61f69abd9"
        case .renewed: "493c92778d6543ab8b6eacb6816d2277"
        case .renewalFailed: "4e85730682dd4dc2b1eae8ad10a5535b"
        case .recovered: "f05cad17147448e7b11ed14a214d4405"
        case .renewalAsked: "78c131bc2a07490bb7f539e0273ac479"
        case .signedIn: "b733a79478c3c6cf0c6b3a34f653596e"
        case .signInFailed: "22ca2f49c1b296250c02e9d7495a4a59"
        case .signedOut: "c1ea8b1577b93e05a3d6908901242f01"
        case .imported: "ad3e49758259abbc4ade752fe1208fbe"
        case .endsSoon: "7a8259a1978d84c6b60a130030e77424"
        case .loginRequired: "70bf6154a8171166ea7945db92308cb2"
        case .trouble: "d2db4ca9d31941938f2b5448b7c5854d"
        case .troubleEnded: "b7d67f0bb625470698c38cec570b2a79"
        case .limitReached: "627a833baa0c4e619d87c8a7f1f3e7e3"
        case .limitCleared: "061e010780f149cfa88130e1e7f917a4"
        case .sharedToken: "4aab20b5213745f0a5e396f3988d6a70"
        case .configurationLoaded: "80f31e64d99e48ae905e5a9fec7f07a6"
        case .configurationRefused: "12fabb3b133044be8cede165d040f09a"
        case .started: "0688addd46b8400b9c4b09c580221b45"
        case .resumed: "dde0c56287fc4c68bde06e43373f86a4"
        case .stopping: "473f7716c83f4b4aa1ce7708b0df8d58"
        case .others: "65fcbfc30f9e497d9230ef3c22eb1eef"
        case .auditGap: "9321ff1a6aa944018312de8b6e48f3d2"
        }
    }

    /// What is over when this has happened.
    package var ends: AuditEvent? {
        switch self {
        case .recovered: .renewalFailed
        case .troubleEnded: .trouble
        case .limitCleared: .limitReached
        case .signedIn: .loginRequired
        case .handedOut, .refused, .rejected, .renewed, .renewalFailed, .renewalAsked, .signInFailed, .signedOut, .imported, .endsSoon, .loginRequired,
            .trouble, .limitReached, .sharedToken,
            .configurationLoaded, .configurationRefused, .started, .resumed, .stopping, .others, .auditGap:
            nil
        }
    }

    /// Whether it is about a token even when no configured one was named.
    var concernsToken: Bool {
        switch self {
        case .handedOut, .refused, .rejected, .renewed, .renewalFailed, .recovered, .renewalAsked, .signedIn, .signInFailed, .signedOut, .imported,
            .endsSoon, .loginRequired, .sharedToken:
            true
        case .trouble, .troubleEnded, .limitReached, .limitCleared, .configurationLoaded, .configurationRefused, .started, .resumed, .stopping,
            .others, .auditGap:
            false
        }
    }

    /// Whether its sentence alone tells one from another.
    var isAboutConfiguration: Bool { self == .configurationLoaded || self == .configurationRefused }
}
