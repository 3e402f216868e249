internal import TokenWire

/// What the daemon says to an answer of the identity server.
enum Verdict {
    case signedIn(SignedIn)
    /// Somebody else than before has signed in; nothing is stored until that is confirmed.
    case another(subject: String, was: String)
    /// The answer belongs to another sign-in; this one is still waiting.
    case notOurs(Refusal)
    /// The person, or the server, said no.
    case consentRefused(Refusal)
    /// The daemon no longer waits for it.
    case over(Refusal)
    case failed(Refusal)

    init(_ line: ReplyLine) throws(Failure) {
        switch line {
        case .ok(let body): self = try Verdict(body)
        case .refused(let refusal): self = Verdict(refusal)
        case .row, .malformed: throw .strangeReply
        }
    }

    private init(_ body: ReplyBody) throws(Failure) {
        if let (words, fields) = body.items(words: 1), words == ["confirm"], let subject = fields.first("subject"), let was = fields.first("was") {
            self = .another(subject: subject, was: was)
        } else if let signedIn = SignedIn(body) {
            self = .signedIn(signedIn)
        } else {
            throw .strangeReply
        }
    }

    private init(_ refusal: Refusal) {
        if refusal.fields.first("reason") == "state" {
            self = .notOurs(refusal)
        } else if refusal.fields.first("oauth-error") == "access_denied" {
            self = .consentRefused(refusal)
        } else if refusal.code == .timeout || ["login-expired", "too-many-answers", "unknown-login"].contains(refusal.fields.first("reason")) {
            self = .over(refusal)
        } else {
            self = .failed(refusal)
        }
    }
}

/// Who is signed in, and until when without signing in again.
struct SignedIn {
    /// `nil` where nobody asked the server who it is.
    let subject: String?
    let expires: Expiry?

    /// Reads `OK subject=… expires=…`.
    init?(_ body: ReplyBody) {
        guard let (_, fields) = body.items(words: 0) else { return nil }
        subject = fields.first("subject")
        expires = fields.first("expires").flatMap { Expiry($0) }
    }
}
