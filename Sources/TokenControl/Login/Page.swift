/// What the browser shows. Nothing of what it sent is ever repeated.
enum Page {
    /// `nil` where nobody asked the server who it is.
    case signedIn(NamedPerson?)
    case another(NamedPerson, was: NamedPerson)
    /// Nobody was signed in before.
    case first(NamedPerson)
    case consentRefused
    case failed
    case over
    /// The answer of another sign-in; this one still waits.
    case notOurs
    /// A server's error that names no sign-in; this one still waits.
    case errorWithoutState
    /// The browser is of another user than the one who began the sign-in.
    case otherUser
    /// It cannot be found out whose the browser is.
    case unknownUser
    case nothingHere
    case wrongMethod(allowed: String)
    case wrongHost
    case malformed
    case headTooLong
    case bodyTooLong
    case noLength

    init(_ fault: RequestHead.Fault) {
        switch fault {
        case .malformed: self = .malformed
        case .headTooLong: self = .headTooLong
        case .bodyTooLong: self = .bodyTooLong
        case .noLength: self = .noLength
        }
    }

    /// What the last page says of the daemon's verdict; `nil` while the login goes on.
    init?(_ verdict: Verdict) {
        switch verdict {
        case .signedIn(let signedIn): self = .signedIn(signedIn.person)
        case .toConfirm(let person, let was): self = was.map { .another(person, was: $0) } ?? .first(person)
        case .consentRefused: self = .consentRefused
        case .over: self = .over
        case .failed: self = .failed
        case .notOurs: return nil
        }
    }

    enum Tone: String { case good, ask, bad }

    var tone: Tone {
        switch self {
        case .signedIn: .good
        case .another, .first, .notOurs: .ask
        case .consentRefused, .failed, .over, .errorWithoutState, .otherUser, .unknownUser, .nothingHere, .wrongMethod, .wrongHost, .malformed, .headTooLong,
            .bodyTooLong, .noLength:
            .bad
        }
    }

    var status: String {
        switch self {
        case .signedIn, .another, .first, .consentRefused, .failed, .over: "200 OK"
        case .notOurs, .errorWithoutState, .malformed: "400 Bad Request"
        case .otherUser, .unknownUser: "403 Forbidden"
        case .nothingHere: "404 Not Found"
        case .wrongMethod: "405 Method Not Allowed"
        case .noLength: "411 Length Required"
        case .bodyTooLong: "413 Content Too Large"
        case .wrongHost: "421 Misdirected Request"
        case .headTooLong: "431 Request Header Fields Too Large"
        }
    }

    var title: String {
        switch self {
        case .signedIn: "You are signed in"
        case .another: "Is this the right person?"
        case .first: "Is this you?"
        case .consentRefused: "Access was not granted"
        case .failed: "You are not signed in"
        case .over: "This sign-in is over"
        case .notOurs: "This answer belongs to another sign-in"
        case .errorWithoutState: "The server reported an error"
        case .otherUser: "This sign-in belongs to another user"
        case .unknownUser: "It is not known whose browser this is"
        case .nothingHere: "There is nothing here"
        case .wrongMethod, .wrongHost, .malformed, .headTooLong, .bodyTooLong, .noLength: "This is not what was expected"
        }
    }

    /// Paragraphs of HTML. `name` is the token's, escaped.
    func paragraphs(about name: String) -> [String] {
        let command = "run <code>tokenctl login \(name)</code>"
        switch self {
        case .signedIn(let person):
            return [
                "From now on tokend serves <code>\(name)</code> in the name of \(person?.html ?? "whoever signed in").",
                "You can close this window.",
            ]
        case .another(let person, let was):
            return [
                "You signed in as \(person.html). Until now it was \(was.html).",
                "Nothing has changed yet. The terminal where you began asks for your decision.",
            ]
        case .first(let person):
            return [
                "You signed in as \(person.html).",
                "Nothing is stored yet. Answer the question in the terminal where you began; then you can close this window.",
            ]
        case .consentRefused: return ["The sign-in was cancelled or refused, and nothing has changed.", "To try again, \(command)."]
        case .failed: return ["It did not succeed. The terminal where you began says why, and what to do.", "You can close this window."]
        case .over: return ["It was given up or took too long, and nothing has changed.", "To try again, \(command)."]
        case .notOurs:
            return [
                "It may come from an old tab. The sign-in that you began last is still waiting.",
                "Go on in its tab, or \(command) again.",
            ]
        case .errorWithoutState:
            return [
                "It did not say which sign-in it is about, so the one that you began is still waiting. The terminal where you began shows the error.",
                "To begin anew, \(command).",
            ]
        case .otherUser:
            return [
                "Another user of this machine began it, so nothing was taken from this browser.",
                "If it was you: use a browser of the user who ran the command, or run <code>tokenctl login \(name) --paste</code>.",
            ]
        case .unknownUser:
            return [
                "This machine does not tell which user a connection comes from, so nothing was taken from this browser.",
                "Run <code>tokenctl login \(name) --paste</code> instead.",
            ]
        case .nothingHere: return ["This address only waits for a browser that has signed in."]
        case .wrongMethod, .wrongHost, .malformed, .headTooLong, .bodyTooLong, .noLength:
            return ["What arrived is not the answer of an identity server. A sign-in that waits is still waiting.", "If you did sign in, \(command) again."]
        }
    }
}

extension NamedPerson {
    fileprivate var html: String {
        guard let name else { return "<strong>\(HTML.escape(subject))</strong>" }
        return "<strong>\(HTML.escape(name))</strong> (\(HTML.escape(subject)))"
    }
}
