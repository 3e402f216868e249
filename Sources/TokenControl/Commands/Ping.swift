internal import ArgumentParser
internal import TokenWire

struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask whether the daemon answers.",
        discussion: "Prints OK, or exits 69.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { () throws(Failure) in
            _ = try DaemonConnection(.ping, at: connection.socket).reply()
            try StandardOutput.write("OK\n")
        }
    }
}
