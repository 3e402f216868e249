internal import CShims
internal import Glibc

/// Opens an address in the person's browser that may stand in no argument list: the browser is given a loopback address that sends it on.
struct BrowserHandover {
    enum Outcome {
        /// The browser has the address.
        case opened
        /// There is no browser to be had.
        case noBrowser
        /// One was started, and nobody of this user came for the address.
        case nobodyCame
    }

    let terminal: Terminal

    func open(_ target: String) -> Outcome {
        let oneTime = OneTimeAddress(leadingTo: target)
        guard let listener = LoopbackListener.onAnyPort(), let address = LoopbackAddress("http://127.0.0.1:\(listener.port)/") else { return .noBrowser }
        let reception = Reception(listener, Doorkeeper(address: address, oneTime: oneTime), name: "")
        guard let browser = Browser.open(oneTime.text(at: address)) else { return .noBrowser }
        return serve(reception, BrowserWatch(browser)) ? .opened : .nobodyCame
    }

    /// Until the browser has been sent on, or cannot come any more.
    private func serve(_ reception: Reception, _ browser: BrowserWatch) -> Bool {
        let end = Deadline(inSeconds: BrowserHandover.patience)
        while !reception.isSentOn {
            let doors = reception.polls
            var polls = doors + (browser.descriptor >= 0 ? [pollfd(fd: browser.descriptor, events: Int16(POLLIN), revents: 0)] : [])
            let wake = reception.deadline.map { min($0, end) } ?? end
            guard terminal.vigil.wait(&polls, until: wake) != .interrupted, !end.isOver else { return false }
            _ = reception.handle(Array(polls.prefix(doors.count)))
            if browser.descriptor >= 0, browser.complaint() != nil { return false }
        }
        return true
    }

    /// Seconds: a browser that has to be started first takes its time.
    private static let patience: Int64 = 30
}
