internal import ArgumentParser
internal import TokenWire

/// Which token, and in what condition.
struct TokenOptions: ParsableArguments {
    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String

    @Option(
        help: ArgumentHelp(
            "How long the token must still live when it is handed over (default: 60, or a quarter of its lifetime if that is less).",
            valueName: "seconds"))
    var minValid: Int?

    @Option(help: ArgumentHelp("How long to wait while a token is fetched, 0 to \(TokenQuery.longestWait).", valueName: "seconds"))
    var wait = TokenQuery.defaultWait

    @Option(help: "A scope the token is to have; repeat it for more (default: all that you may have).")
    var scope: [String] = []

    @Option(help: "Whom the token is for: one of its configured audiences.")
    var audience: String?

    var query: TokenQuery { TokenQuery(name: name, minValid: minValid, wait: wait, scopes: scope, audience: audience) }

    func validate() throws {
        if let minValid, minValid < 0 { throw ValidationError("--min-valid must be a number of seconds, not \(minValid)") }
        try WaitRange.check(wait)
    }
}

/// What `--wait` may be.
enum WaitRange {
    static func check(_ wait: Int) throws {
        guard (0...TokenQuery.longestWait).contains(wait) else {
            throw ValidationError("--wait must be 0 to \(TokenQuery.longestWait) seconds, not \(wait)")
        }
    }
}
