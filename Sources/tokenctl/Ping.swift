internal import ArgumentParser
internal import TokenWire

struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask whether the daemon answers.",
        discussion: "Prints OK, or exits 69.")

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { () throws(Failure) in
            _ = try DaemonConnection(connection.socket).reply(to: .ping)
            try StandardOutput.write("OK\n")
        }
    }
}
