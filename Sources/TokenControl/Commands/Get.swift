internal import ArgumentParser
internal import Secrets
internal import TokenWire

struct Get: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a valid token.",
        discussion: """
            Prints the token and nothing else, or fails and prints nothing. Prefer `tokenctl header` for HTTP: an argument \
            such as -H "Authorization: Bearer $(tokenctl get …)" shows the token to everybody who can run ps.
            """)

    @OptionGroup var token: TokenOptions
    @Flag(help: "Print an object with the token, its end (seconds since the epoch, null for never), its id and its scopes.")
    var json = false
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: token.name) { () throws(Failure) in
            let fetch = try TokenFetch(.get, token.query, from: connection.socket)
            if json { try StandardOutput.write(fetch.token().json) } else { try fetch.print() }
        }
    }
}

extension ServedToken {
    /// One line of JSON. The token is visible ASCII: `"` and `\` are all that needs escaping.
    fileprivate var json: SecretBuffer {
        let output = SecretBuffer(capacity: token.count * 2 + 256)
        output.append("{\"token\":\"")
        token.withBytes { bytes in
            for byte in bytes {
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { output.append(UInt8(ascii: "\\")) }
                output.append(byte)
            }
        }
        output.append("\",\"type\":\"Bearer\"")
        output.append(text: ",\"expires\":\(JSON(expires)),\"id\":\(JSON.text(id.description))")
        output.append(text: ",\"scope\":\(JSON.list(scopes.map(JSON.text)))}\n")
        return output
    }
}
