internal import ArgumentParser
internal import TokenWire

struct Renew: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Renew a token now, whatever happened before (administrators).",
        discussion: "Forgets earlier failures and cooling times. The token that is held stays valid until the new one is there.")

    @Argument(help: "The token's name: application.token.")
    var name: String
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            try DaemonConnection(.renew(name: name), at: connection.socket, patience: DaemonConnection.longRequest).printRows()
        }
    }
}
