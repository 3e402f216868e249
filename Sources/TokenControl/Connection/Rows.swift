internal import TokenWire

extension DaemonConnection {
    /// Asks, and prints the rows of the reply.
    func printRows() throws(Failure) {
        let rows = try reply().rows
        try StandardOutput.write(rows.map { Quotation.plain($0.text) + "\n" }.joined())
    }

    /// How long an administrator's request may take, in seconds.
    static let longRequest = 120
}
