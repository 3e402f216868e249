internal import TokenWire

/// What the daemon says to an answer of the identity server.
enum Verdict {
    case signedIn(SignedIn)
    /// Somebody else than before has signed in, or (`was` is nil) the first person; nothing is stored until that is confirmed.
    case toConfirm(NamedPerson, was: NamedPerson?)
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
        if let (words, fields) = body.items(words: 1), words == ["confirm"], let person = NamedPerson(fields, "subject", "person") {
            self = .toConfirm(person, was: NamedPerson(fields, "was", "was-person"))
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
        } else if refusal.code == .timeout
            || ["login-expired", "too-many-answers", "unknown-login", "replaced", "cancelled"].contains(refusal.fields.first("reason"))
        {
            self = .over(refusal)
        } else {
            self = .failed(refusal)
        }
    }
}

/// A person as the identity server names them.
struct NamedPerson: Hashable {
    let subject: String
    /// What tells a person more than the subject.
    let name: String?

    init?(_ fields: [Field], _ subjectKey: String, _ nameKey: String) {
        guard let subject = fields.first(subjectKey) else { return nil }
        self.subject = subject
        name = fields.first(nameKey)
    }

    /// `m.petrova (sub 248289761001)`, as a terminal may show it.
    var plain: String { name.map { "\(Quotation.plain($0)) (sub \(Quotation.plain(subject)))" } ?? Quotation.plain(subject) }

    /// In few words: `m.petrova`.
    var short: String { Quotation.plain(name ?? subject) }
}

/// Who is signed in, and until when without signing in again.
struct SignedIn {
    /// `nil` where nobody asked the server who it is.
    let person: NamedPerson?
    let expires: Expiry?
    /// The end of the token where the server gave no refresh token, so that it cannot be renewed; else `nil`.
    let unrenewable: Expiry?

    /// Reads `OK subject=… person=… expires=…`.
    init?(_ body: ReplyBody) {
        guard let (_, fields) = body.items(words: 0) else { return nil }
        person = NamedPerson(fields, "subject", "person")
        expires = fields.first("expires").flatMap { Expiry($0) }
        unrenewable = fields.first("refresh-token") == "none" ? fields.first("token-expires").flatMap { Expiry($0) } ?? .never : nil
    }
}
