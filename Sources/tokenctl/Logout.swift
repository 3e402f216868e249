internal import ArgumentParser
internal import TokenWire

struct Logout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give a sign-in back: tokend ends it and has the server revoke it.",
        discussion: """
            Prints what came of it, and where the browser's own session ends, if the server has such an address: until then \
            the next login may not ask for a password. An administrator also ends a sign-in whose token has left the configuration.
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
            try StandardOutput.write("\(Quotation.plain(name)): \(sentence)\n" + Logout.farewell(fields.first("url"), opening: browser))
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

    private static func farewell(_ url: String?, opening: Bool) -> String {
        guard let url, let address = AuthorizationAddress(url)?.text else { return "" }
        if opening, Browser.open(address) != nil { return "your browser was opened to end its session too: \(address)\n" }
        return "open this to end the session in the browser too: \(address)\n"
    }
}
