internal import ArgumentParser
internal import CShims
internal import TokenWire

struct Renew: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Renew a token now, whatever happened before (administrators).",
        discussion: """
            Reads the token's secret files anew, forgets earlier failures and cooling times, and waits for the outcome: a line for each \
            token that was held. What is held stays valid until the new one is there. A reference token is looked at instead, as its probe says. \
            Exits 75 unless every one was renewed, or found good.
            """)

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let rows = try [TokenRow](DaemonConnection(.renew(name: name), at: connection.socket, patience: DaemonConnection.longRequest))
            try StandardOutput.write(Status.table(rows, now: tokend_realtime() / 1_000_000_000).description)
            // only a row about a failure has a reason
            let failed = rows.count { row in row.keys.contains("reason") }
            guard failed == 0, !rows.isEmpty else { throw .notRenewed(failed: failed, of: rows.count) }
        }
    }
}
