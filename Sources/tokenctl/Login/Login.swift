internal import ArgumentParser
internal import CShims
internal import Secrets
internal import TokenWire

struct Login: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sign in, so that a token can be served in your name.",
        discussion: """
            Opens your browser at the identity server and waits for it to come back. What it brings goes to the daemon, \
            which keeps the sign-in alive from then on. Prints who is signed in and until when.

            Without a browser on this machine: forward the port with ssh -L, or use --paste.

            If the sign-in does not come about, the exit status is 80, or that of what the daemon said.
            """)

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Flag(help: "Open no browser; only print the address.")
    var noBrowser = false
    @Flag(help: "Listen to nothing; read the address that the browser ended at, or its query, from the terminal or a pipe.")
    var paste = false
    @Flag(help: "Sign in on another device, with a code, if the server can.")
    var device = false
    @Option(
        name: .customLong("redirect-uri"),
        help: ArgumentHelp("Where the browser is to come back, if the token has several such addresses.", valueName: "uri"))
    var redirectURI: String?
    @Option(help: ArgumentHelp("How long to wait for the browser (default: as long as the daemon does).", valueName: "seconds"))
    var timeout: Int?
    @Flag(help: "Do not ask when it is another person than before.")
    var confirm = false
    @Flag(help: "Print an object with the name, who is signed in, and until when (seconds since the epoch, null for no known end).")
    var json = false
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let timeout, !(1...86_400).contains(timeout) { throw ValidationError("--timeout must be 1 to 86400 seconds, not \(timeout)") }
        if redirectURI == "" { throw ValidationError("--redirect-uri needs an address") }
        if device, paste || redirectURI != nil { throw ValidationError("--device brings nothing back, so it goes with neither --paste nor --redirect-uri") }
    }

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let offer = try LoginOffer(.login(name: name, redirectURI: redirectURI, flow: device ? "device" : nil), at: connection.socket, timeout: timeout)
            let talk = LoginTalk(name: name, socket: connection.socket, terminal: Terminal(try Vigil()))
            let signedIn = try talk.conclude(try verdict(talk, offer), offer, isConfirmed: confirm)
            try StandardOutput.write(json ? signedIn.json(name) : signedIn.sentence)
        }
    }

    private func verdict(_ talk: LoginTalk, _ offer: LoginOffer) throws(Failure) -> Verdict {
        if device { return try DeviceLogin(talk: talk, offer: offer, deadline: offer.deadline).run() }
        if paste { return try PastedLogin(talk: talk, offer: offer, deadline: offer.deadline).run() }
        return try ListeningLogin(talk, offer, redirectURI: redirectURI).run(opening: !noBrowser)
    }
}

extension SignedIn {
    fileprivate var sentence: String {
        let who = "signed in" + (subject.map { " as \(Quotation.plain($0))" } ?? "")
        guard case .at(let end)? = expires else { return who + "\n" }
        return "\(who) until \(LocalTime.until(end, now: tokend_realtime() / 1_000_000_000))\n"
    }

    fileprivate func json(_ name: String) -> String {
        JSON.object([("name", .text(name)), ("subject", subject.map { JSON.text($0) } ?? JSON(description: "null")), ("expires", JSON(expires ?? .never))])
            .description + "\n"
    }
}
