internal import ArgumentParser
internal import Secrets
internal import TokenWire

struct Reject: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say that an API refused a token, and have it renewed.",
        discussion: """
            Prints what came of it: renewed (get it again), newer (there already is another one, get it), or cooling with \
            retry-after=SECONDS (it was renewed a moment ago, or too often).
            """)

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Option(help: ArgumentHelp("The id of the refused token (default: the one you were given last).", valueName: "fingerprint"))
    var id: String?
    @Option(help: ArgumentHelp("How long to wait for the renewal, 0 to \(TokenQuery.longestWait).", valueName: "seconds"))
    var wait = TokenQuery.defaultWait
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        try WaitRange.check(wait)
        guard let id, Fingerprint(id) == nil else { return }
        throw ValidationError("--id must be the 16 lower-case hex digits of a token's id, never the token")
    }

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let request = Request.reject(name: name, id: id.flatMap { Fingerprint($0) }, wait: wait)
            let reply = try DaemonConnection(request, at: connection.socket, patience: wait + DaemonSocket.margin).reply()
            try StandardOutput.write(Quotation.plain(reply.ok.text) + "\n")
        }
    }
}
