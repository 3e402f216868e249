internal import ArgumentParser
internal import TokenWire

struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the daemon's counters in the OpenMetrics format (administrators).",
        discussion: """
            For a collector that reads OpenMetrics text, such as Prometheus itself; node exporter's textfile collector takes it too:

              tokenctl metrics > tokend.prom.new && mv tokend.prom.new tokend.prom
            """)

    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting { () throws(Failure) in
            try DaemonConnection(.metrics, at: connection.socket).printRows()
        }
    }
}
