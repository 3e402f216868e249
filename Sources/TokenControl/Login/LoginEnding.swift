internal import TokenWire

/// Why a login ended without anybody being signed in.
enum LoginEnding {
    /// Ctrl-C, or the terminal went away.
    case stopped
    /// The same, after the daemon was given the answer.
    case stoppedTooLate
    /// The browser brought nothing back in time.
    case nothingCame
    /// Nobody finished it on the other device in time.
    case nobodyCame
    /// The input ended before an address was pasted.
    case nothingPasted
    /// The daemon no longer waits for the answer.
    case over(Refusal)
    case consentRefused(Refusal)
    /// Another person than before or (`was` is nil) the first one, and nobody to ask.
    case unasked(NamedPerson, was: NamedPerson?)
    /// The same, and the answer was no.
    case declined(was: NamedPerson?)
    /// The daemon could not take the answer.
    case failed(Refusal)
    /// The address of the way back cannot be listened at.
    case unreachable(String?)

    func failure(for name: String) -> Failure {
        let again = "tokenctl login \(Quotation.plain(name))"
        switch self {
        case .stopped: return .notSignedIn("stopped before anybody was signed in; to begin again: \(again)")
        case .stoppedTooLate: return .notSignedIn("stopped while the daemon was at it; tokenctl status \(Quotation.plain(name)) shows what came of it")
        case .nothingCame:
            return .notSignedIn(
                "the browser brought nothing back in time; look at its page for the reason (a server shows some errors only there), then: \(again)")
        case .nobodyCame: return .notSignedIn("nobody signed in in time; to begin again: \(again)")
        case .nothingPasted: return .notSignedIn("no address was pasted, so nobody is signed in; to begin again: \(again)")
        case .over(let refusal): return .notSignedIn("the daemon no longer waits for this sign-in (\(Quotation.plain(refusal.text))); to begin again: \(again)")
        case .consentRefused(let refusal): return .notSignedIn("\(Quotation.plain(refusal.text)), and nothing has changed; to try again: \(again)")
        case .unasked(let person, let was?):
            return .notSignedIn(
                "this is another person than before: \(person.plain), was \(was.plain); nothing has changed, because there is no terminal to ask at; "
                    + "if it is right: \(again) --confirm")
        case .unasked(let person, nil):
            return .notSignedIn(
                "this is the first sign-in: \(person.plain); nothing is stored, because there is no terminal to ask at; if it is right: \(again) --yes")
        case .declined(let was?): return .notSignedIn("nothing has changed; it is still \(was.plain)")
        case .declined(nil): return .notSignedIn("nothing is stored; to sign in as somebody else: \(again)")
        case .failed(let refusal): return .refused(refusal, rows: [])
        case .unreachable(let uri?):
            return .notSignedIn(
                "the way back, \(Quotation.of(uri)), is no http address of this machine (127.0.0.1, [::1] or localhost), so nobody here can listen at it; "
                    + "use: \(again) --paste")
        case .unreachable(nil):
            return .notSignedIn("the address does not say where the browser will be sent back; name it with --redirect-uri, or use: \(again) --paste")
        }
    }
}
