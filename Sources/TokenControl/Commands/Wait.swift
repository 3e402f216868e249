internal import ArgumentParser
internal import TokenWire

struct Wait: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until a token can be served.",
        discussion: "Prints nothing. Succeeds as soon as a get would succeed; exits 75 when the time runs out. Hands nothing out.")

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Option(help: ArgumentHelp("How long to wait, 0 to \(TokenQuery.longestWait).", valueName: "seconds"))
    var wait = TokenQuery.defaultWait
    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try WaitRange.check(wait) }

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let patience = wait + DaemonSocket.margin
            _ = try DaemonConnection(.wait(name: name, wait: wait), at: connection.socket, patience: patience).reply()
        }
    }
}
