internal import ArgumentParser
internal import TokenWire

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the tokens that you may use, and their state.",
        discussion: "Prints a line for each token: its name, and what a get would meet now.")

    @Flag(help: "Print a list of objects.")
    var json = false
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { () throws(Failure) in
            let rows = try [TokenRow](.list, from: connection.socket)
            let table = Table(rows: rows.map { [$0.name, $0.fields.first("state") ?? "-"] })
            try StandardOutput.write(json ? rows.json : table.description)
        }
    }
}
