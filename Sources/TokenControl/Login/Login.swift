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

            What comes back is taken from a browser of the user who runs this command. After sudo, with a browser of another user, the \
            terminal asks. It also asks whether the first person who signs in, or another one than before, is the right one.

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
    @Flag(help: "Do not ask whether the first person who signs in is the right one: for use without a terminal.")
    var yes = false
    @Flag(help: "Do not ask who it is at all, not even when it is another person than before.")
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
            let talk = LoginTalk(name: name, socket: connection.socket, terminal: Terminal(try Vigil()))
            let signedIn: SignedIn
            do throws(Failure) {
                let offer = try talk.begin(request, timeout: timeout)
                signedIn = try talk.conclude(try verdict(talk, offer), offer, isConfirmed: confirm)
            } catch {
                talk.cancel()
                throw error
            }
            try StandardOutput.write(json ? signedIn.json(name) : signedIn.sentence)
        }
    }

    /// Who pastes the answer has seen whose it is; where a listener takes it the first person is confirmed.
    private var request: Request {
        .login(name: name, redirectURI: redirectURI, flow: device ? "device" : nil, confirmsFirst: !paste && !device && !yes && !confirm)
    }

    private func verdict(_ talk: LoginTalk, _ offer: LoginOffer) throws(Failure) -> Verdict {
        if device { return try DeviceLogin(talk: talk, offer: offer, deadline: offer.deadline).run() }
        if paste { return try PastedLogin(talk: talk, offer: offer, deadline: offer.deadline).run() }
        return try ListeningLogin(talk, offer, redirectURI: redirectURI).run(opening: !noBrowser)
    }
}

extension SignedIn {
    fileprivate var sentence: String {
        let who = "signed in" + (person.map { " as \($0.plain)" } ?? "")
        let now = tokend_realtime() / 1_000_000_000
        if let unrenewable {
            let end = if case .at(let end) = unrenewable { ", and the token ends \(LocalTime.until(end, now: now))" } else { "" }
            return "\(who), but the server gave no refresh token (is offline_access among the scopes?): it cannot be renewed\(end)\n"
        }
        guard case .at(let end)? = expires else { return who + "\n" }
        return "\(who) until \(LocalTime.until(end, now: now))\n"
    }

    fileprivate func json(_ name: String) -> String {
        let null = JSON(description: "null")
        var members = [
            ("name", JSON.text(name)), ("subject", person.map { JSON.text($0.subject) } ?? null),
            ("person", person?.name.map { JSON.text($0) } ?? null), ("expires", JSON(expires ?? .never)),
        ]
        if let unrenewable { members += [("refresh-token", .text("none")), ("token-expires", JSON(unrenewable))] }
        return JSON.object(members).description + "\n"
    }
}
