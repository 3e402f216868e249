internal import TokenWire

/// A login that the person finishes on another device, with a code (RFC 8628). The daemon asks the server until then.
struct DeviceLogin {
    let talk: LoginTalk
    let offer: LoginOffer
    let deadline: Deadline

    func run() throws(Failure) -> Verdict {
        guard let code = offer.code else { throw .strangeReply }
        // shown, never opened: whoever began this may be another person than whoever is asked to type the code
        talk.terminal.say("on any device open\n\n  \(offer.address.text)\n\nand enter the code\n\n  \(Quotation.plain(code))\n")
        talk.terminal.say("waiting until \(LocalTime.timeOfDay(offer.expires)); Ctrl-C ends it")
        while !deadline.isOver {
            let seconds = min(deadline.seconds, Int64(TokenQuery.longestWait))
            let verdict = try ask(waiting: Int(seconds))
            if case .over(let refusal) = verdict, refusal.code == .timeout { continue }
            return verdict
        }
        throw talk.failure(.nobodyCame)
    }

    private func ask(waiting wait: Int) throws(Failure) -> Verdict {
        try talk.verdict(.await(login: offer.id, wait: wait), patience: wait + DaemonSocket.margin)
    }
}
