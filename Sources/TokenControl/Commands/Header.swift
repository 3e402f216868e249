internal import ArgumentParser
internal import TokenWire

struct Header: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a token as a header line, ready to send.",
        discussion: """
            The line is the one that the API wants: Authorization: Bearer … or X-Api-Key: …. curl reads it from a file, so \
            that the token is in no argument list:

              curl -H @<(tokenctl header portal.sync) https://portal.example/api

            Without a token nothing is printed, and what reads it from a pipe runs all the same, here without a token. In a script, \
            which must not go on then, rather

              tokenctl exec portal.sync --header --fd 3 -- curl -H @/dev/fd/3 https://portal.example/api
            """)

    @OptionGroup var token: TokenOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: token.name) { () throws(Failure) in
            try TokenFetch(.header, token.query, from: connection.socket).print()
        }
    }
}
