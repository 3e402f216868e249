internal import ArgumentParser
internal import TokenWire

struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read the configuration again (administrators).",
        discussion: "With a problem anywhere nothing is changed: every problem is printed to standard error with its file and line, and the exit status is 78.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { () throws(Failure) in
            try DaemonConnection(.reload, at: connection.socket, patience: DaemonConnection.longRequest).printRows()
        }
    }
}
