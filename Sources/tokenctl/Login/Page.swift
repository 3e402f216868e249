/// What the browser shows. Nothing of what it sent is ever repeated.
enum Page {
    /// `nil` where nobody asked the server who it is.
    case signedIn(String?)
    case another(subject: String, was: String)
    case consentRefused
    case failed
    case over
    /// The answer of another sign-in; this one still waits.
    case notOurs
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
        case .signedIn(let signedIn): self = .signedIn(signedIn.subject)
        case .another(let subject, let was): self = .another(subject: subject, was: was)
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
        case .another, .notOurs: .ask
        case .consentRefused, .failed, .over, .nothingHere, .wrongMethod, .wrongHost, .malformed, .headTooLong, .bodyTooLong, .noLength: .bad
        }
    }

    var status: String {
        switch self {
        case .signedIn, .another, .consentRefused, .failed, .over: "200 OK"
        case .notOurs, .malformed: "400 Bad Request"
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
        case .consentRefused: "Access was not granted"
        case .failed: "You are not signed in"
        case .over: "This sign-in is over"
        case .notOurs: "This answer belongs to another sign-in"
        case .nothingHere: "There is nothing here"
        case .wrongMethod, .wrongHost, .malformed, .headTooLong, .bodyTooLong, .noLength: "This is not what was expected"
        }
    }

    /// Paragraphs of HTML. `name` is the token's, escaped.
    func paragraphs(about name: String) -> [String] {
        let command = "run <code>tokenctl login \(name)</code>"
        switch self {
        case .signedIn(let subject):
            return [
                "From now on tokend serves <code>\(name)</code> in the name of \(subject.map { "<strong>\(HTML.escape($0))</strong>" } ?? "whoever signed in").",
                "You can close this window.",
            ]
        case .another(let subject, let was):
            return [
                "You signed in as <strong>\(HTML.escape(subject))</strong>. Until now it was <strong>\(HTML.escape(was))</strong>.",
                "Nothing has changed yet. The terminal where you began asks for your decision.",
            ]
        case .consentRefused: return ["The sign-in was cancelled or refused, and nothing has changed.", "To try again, \(command)."]
        case .failed: return ["It did not succeed. The terminal where you began says why, and what to do.", "You can close this window."]
        case .over: return ["It was given up or took too long, and nothing has changed.", "To try again, \(command)."]
        case .notOurs:
            return [
                "It may come from an old tab. The sign-in that you began last is still waiting.",
                "Go on in its tab, or \(command) again.",
            ]
        case .nothingHere: return ["This address only waits for a browser that has signed in."]
        case .wrongMethod, .wrongHost, .malformed, .headTooLong, .bodyTooLong, .noLength:
            return ["What arrived is not the answer of an identity server. A sign-in that waits is still waiting.", "If you did sign in, \(command) again."]
        }
    }
}
