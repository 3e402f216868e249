internal import ArgumentParser
internal import Glibc
internal import TokenWire

struct Logout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a sign-in back: tokend ends it and has the server revoke it.",
        discussion: """
            Prints what came of it, and where the browser's own session ends, if the server has such an address: until then \
            the next login may not ask for a password. An administrator, or the user who signed in, also ends a sign-in whose token has left the configuration. \
            Only the user who signed in is given an address that says who that was, at a terminal or with --browser; at any other the server may ask.
            """)

    @Argument(help: "The token's name: application.token.", completion: .tokenNames)
    var name: String
    @Flag(help: "Open the address that ends the browser's session.")
    var browser = false
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: name) { () throws(Failure) in
            let reply = try DaemonConnection(.logout(name: name), at: connection.socket, patience: DaemonConnection.longRequest).reply().ok
            guard let (words, fields) = reply.items(words: 1), let sentence = Logout.sentence(words[0], fields.first("reason")) else { throw .strangeReply }
            try StandardOutput.write("\(Quotation.plain(name)): \(sentence)\n")
            guard let address = fields.first("url").flatMap({ AuthorizationAddress($0) })?.text else { return }
            try StandardOutput.write(try browser ? Logout.opened(address) : Logout.toOpen(address))
        }
    }

    private static func sentence(_ outcome: String, _ reason: String?) -> String? {
        switch (outcome, reason) {
        case ("revoked", _): "signed out; the server has revoked the sign-in"
        case ("forgotten", let reason?): "signed out here; the server has not confirmed it: \(Quotation.plain(reason))"
        case ("forgotten", nil): "signed out here; what the server gave ends there by itself"
        default: nil
        }
    }

    /// The address may name the person: the ID token in it is for a terminal alone, not for a file or the journal.
    private static func toOpen(_ address: String) -> String {
        "open this to end the session in the browser too: \(isatty(STDOUT_FILENO) == 1 ? address : withoutHint(address))\n"
    }

    private static func withoutHint(_ address: String) -> String {
        let parts = address.split(separator: "?", maxSplits: 1)
        guard parts.count == 2 else { return address }
        let rest = parts[1].split(separator: "&").filter { !$0.hasPrefix("id_token_hint=") }
        return rest.isEmpty ? String(parts[0]) : "\(parts[0])?\(rest.joined(separator: "&"))"
    }

    /// No program is given the address as an argument, for the same reason.
    private static func opened(_ address: String) throws(Failure) -> String {
        switch BrowserHandover(terminal: Terminal(try Vigil())).open(address) {
        case .opened: "your browser was opened to end its session too\n"
        case .noBrowser: toOpen(address)
        case .nobodyCame: "your browser did not open; " + toOpen(address)
        }
    }
}
