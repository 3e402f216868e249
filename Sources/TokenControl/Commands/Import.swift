internal import ArgumentParser
internal import CShims
internal import Secrets
internal import TokenWire

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hand tokend a token that was issued elsewhere, to keep and to serve.",
        discussion: """
            Reads the token from standard input, so that it is in no argument list, no history and no environment: asks for it \
            without showing it, or takes it from a pipe. It goes straight into the sealed store.

              tokenctl import portal.pat --expires 2027-03-01T00:00:00Z
            """)

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Option(help: ArgumentHelp("When the token ends: a date as in 2027-03-01T00:00:00Z, seconds since the epoch, or never.", valueName: "date"))
    var expires: String?
    // what is too much is most likely the token, and the argument parser would repeat it
    @Argument(parsing: .allUnrecognized, help: .hidden)
    var rest: [String] = []
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard rest.isEmpty, TokenName(name) != nil else { throw ValidationError(Import.notHere) }
        guard let expires else { return }
        switch Import.end(expires) {
        case nil: throw ValidationError("--expires must be a date as in 2027-03-01T00:00:00Z, seconds since the epoch, or never")
        case .at(let end)? where end <= tokend_realtime() / 1_000_000_000:
            throw ValidationError("--expires \(expires) is in the past: such a token is served to nobody; import the one that was issued since")
        case .at?, .never?: break
        }
    }

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let token = try Import.token(Terminal(try Vigil()), for: name)
            let request = Request.importToken(name: name, token: token, expires: expires.flatMap(Import.end)?.description)
            let reply = try DaemonConnection(request, at: connection.socket, patience: DaemonConnection.longRequest).reply().ok
            guard let id = reply.items(words: 0)?.fields.first("id"), Fingerprint(id) != nil else { throw .strangeReply }
            try StandardOutput.write("imported, id \(id)\n")
        }
    }

    private static let notHere =
        "import takes a token's name (application.token) and nothing else; the token itself is read from standard input, because everybody "
        + "on this machine can read the arguments of a program"

    private static func end(_ text: String) -> Expiry? { Timestamp.seconds(text).map { .at($0) } ?? Expiry(text) }

    private static func token(_ terminal: Terminal, for name: String) throws(Failure) -> Secret {
        let prompt = "token for \(name) (it will not be shown):"
        switch terminal.secret(asking: prompt, atMost: Secret.longestToken + 1) {
        case .end: throw .unusable("there was no token on standard input")
        case .late, .interrupted: throw .unusable("stopped; nothing was imported")
        case .line(let input):
            let token = input.withoutLastLineFeed
            guard !token.isEmpty else { throw .unusable("there was no token on standard input") }
            guard !terminal.mayHaveCut(token) else { throw .unusable("the terminal cuts lines of more than 4,095 bytes; pipe the token in") }
            guard token.count <= Secret.longestToken else { throw .unusable("a token has at most \(Secret.longestToken) bytes; this is something else") }
            // which of them a reference token may have, tokend knows
            guard token.isRefreshToken, !token.withBytes({ $0.contains(UInt8(ascii: " ")) }) else {
                throw .unusable("what was read is no token: it may hold the printable characters of ASCII but no blank, and one line end after it")
            }
            return token
        }
    }
}

extension Secret {
    fileprivate var withoutLastLineFeed: Secret {
        withBytes { $0.last == UInt8(ascii: "\n") } ? self[0..<count - 1] : self
    }
}
