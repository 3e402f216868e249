internal import ArgumentParser
internal import Secrets
internal import TokenWire

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a token now and after every renewal.",
        discussion: """
            A line each time: the token, then type=, expires=, id= and scope=; or a dash, then state= and reason= when the \
            token is in trouble. Ends when you stop it, or when you may no longer have the token.

              tokenctl watch portal.sync | while IFS=' ' read -r token rest; do …; done
            """)

    @OptionGroup var token: TokenOptions
    @OptionGroup var connection: ConnectionOptions

    func run() throws {
        try reporting(about: token.name) { () throws(Failure) in
            let patience = token.wait + DaemonSocket.margin
            let daemon = try DaemonConnection(.watch(token.query), at: connection.socket, patience: patience)
            while let row = try Watch.row(try daemon.nextLine()) {
                try Watch.print(row)
                daemon.waitForever()
            }
        }
    }

    private static func row(_ line: ReplyLine) throws(Failure) -> ReplyBody? {
        switch line {
        case .row(let row): return row
        case .ok: return nil
        case .refused(let refusal): throw .refused(refusal, rows: [])
        case .malformed: throw .strangeReply
        }
    }

    private static func print(_ row: ReplyBody) throws(Failure) {
        guard row.token != nil || row.items(words: 1)?.words == ["-"] else { throw .strangeReply }
        let output = SecretBuffer(capacity: row.secret.count + 1)
        output.append(row.secret)
        output.append(UInt8(ascii: "\n"))
        try StandardOutput.write(output)
    }
}
