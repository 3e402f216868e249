internal import ArgumentParser
internal import CShims
internal import TokenWire

struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show how your tokens fare.",
        discussion: """
            A line for each token: its state, when it ends, when it will be renewed, and what is wrong if something is. \
            An administrator sees every token and who uses it.

            States: ready, renewing, degraded (valid, but renewing fails), idle, unavailable, login-required, refused, \
            expired, locked, unconfigured (a sign-in that the configuration does not use).
            """)

    @Argument(help: "One token only: application.token.", completion: .tokenNames)
    var name: String?
    @Flag(help: "Print a list of objects; times are seconds since the epoch, null for never.")
    var json = false
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let rows = try [TokenRow](.status(name: name), from: connection.socket)
            try StandardOutput.write(json ? rows.json : Status.table(rows, now: tokend_realtime() / 1_000_000_000).description)
        }
    }

    /// A column for each key that some row has, in the order they are met. `now` is in seconds since the epoch.
    static func table(_ rows: [TokenRow], now: Int64) -> Table {
        guard !rows.isEmpty else { return Table(rows: []) }
        let keys = rows.flatMap(\.keys).reduce(into: [String]()) { keys, key in if !keys.contains(key) { keys.append(key) } }
        let heading = ["NAME"] + keys.map { $0.uppercased() }
        return Table(rows: [heading] + rows.map { row in [row.name] + keys.map { cell(row, $0, now) } })
    }

    private static func cell(_ row: TokenRow, _ key: String, _ now: Int64) -> String {
        let values = row.fields.all(key)
        guard !values.isEmpty else { return "-" }
        guard TokenRow.isTime(key) else { return values.joined(separator: ",") }
        return values.map { value in Expiry(value).map { RelativeTime($0, now: now).description } ?? value }.joined(separator: ",")
    }
}
