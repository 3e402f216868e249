internal import Secrets
internal import TokenWire

/// A login whose answer a person brings from a browser anywhere: nothing listens, nothing has to be reachable.
struct PastedLogin {
    let talk: LoginTalk
    let offer: LoginOffer
    let deadline: Deadline

    func run() throws(Failure) -> Verdict {
        guard !offer.address.isForm else {
            throw .unusable(
                "the answer to this sign-in is a form that the browser posts, so there is no address to paste; run tokenctl login on the browser's "
                    + "machine or forward the port (ssh -L), or set response_type = \"code\" for this token")
        }
        announce()
        while true {
            if let verdict = try turn() { return verdict }
        }
    }

    private func announce() {
        talk.terminal.say("open this address in any browser to sign in for \(Quotation.plain(talk.name)):\n\n\(offer.address.text)\n")
        let end = offer.address.redirectURI.map { "an address that begins with\n\(Quotation.plain($0)) and" } ?? "an address that"
        talk.terminal.say("afterwards the browser ends at \(end) may not load. That is all right: copy that address and paste it here:")
    }

    private func turn() throws(Failure) -> Verdict? {
        switch talk.terminal.line(until: deadline) {
        case .end: throw talk.failure(.nothingPasted)
        case .late: throw talk.failure(.nothingCame)
        case .interrupted: throw talk.failure(.stopped)
        case .line(let line):
            guard !talk.terminal.mayHaveCut(line) else {
                throw .unusable("the terminal cuts lines of more than 4,095 bytes; put the address into a file and use: tokenctl login --paste < file")
            }
            switch PastedAnswer(line) {
            case .answer(let answer):
                if let error = withoutState(answer) {
                    talk.terminal.say("\(error.sentence); another address:")
                    return nil
                }
                let verdict = try talk.verdict(.callback(login: offer.id, answer: answer))
                guard case .notOurs = verdict else { return verdict }
                talk.terminal.say("that is the answer of another sign-in; this one is still waiting:")
            case .fragment: talk.terminal.say("that answer stands behind a \"#\", where the server puts it for pages with scripts; another address:")
            case .nothing: talk.terminal.say("that is not where the browser ends after signing in: there is no code in it; another address:")
            }
            return nil
        }
    }

    /// An error that does not say of which sign-in it is. The daemon would count it as an answer of another one.
    private func withoutState(_ answer: Secret) -> ServerError? {
        guard offer.address.state != nil else { return nil }
        return answer.withBytes { ServerError(withoutState: FormFields($0)) }
    }
}
