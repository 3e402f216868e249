internal import ArgumentParser
internal import Glibc
internal import Secrets
internal import TokenWire

struct Watch: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a token now and after every renewal, or keep it in a file.",
        discussion: """
            Prints a line each time: the token, then type=, expires=, id= and scope=; or a dash, then state= and reason= when the \
            token is in trouble. Ends when you stop it, or when you may no longer have the token.

              tokenctl watch portal.sync | while IFS=' ' read -r token rest; do …; done

            With --output the token goes into a file instead: whole, without a line end, by a new file that takes the place of the old one, \
            so that a reader never sees half a token. It has the mode and the owner that you say from its first byte on. What goes wrong is said on \
            standard error, and a tokend that is away is called again until it is back. Meanwhile the file keeps its token until that \
            ends, and is then removed: there is either a valid token in it or no file. It is removed too when the person has signed out, when you \
            stop this, or may no longer have the token; what an earlier run left behind, with the first trouble, because nobody knows when that \
            ends. A file that holds something else than a token is left alone, and named.

              tokenctl watch portal.sync --output /run/erp/token --reload-unit erp.service

            A service manager that waits for it (Type=notify) is told once the first token is there. tokend-file@portal.sync.service does all this.
            """)

    @OptionGroup var token: TokenOptions
    @Option(help: ArgumentHelp("Keep the token in this file.", valueName: "file"), completion: .file())
    var output: String?
    @Option(help: ArgumentHelp("The mode of the file, in octal; others may not be given more than to read it.", valueName: "mode"))
    var mode = "0600"
    @Option(
        help: ArgumentHelp(
            "Whose the file is to be: user, user:group or :group of this machine's own files, or numbers. Somebody else's it can only be made by root.",
            valueName: "owner"), completion: .users)
    var owner: String?
    @Option(
        help: ArgumentHelp(
            "After each new token: systemctl try-reload-or-restart this unit. Another user than root needs a polkit rule for it.", valueName: "unit"),
        completion: .units)
    var reloadUnit: String?
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        guard let output else {
            if owner != nil { throw ValidationError("--owner goes with --output") }
            if reloadUnit != nil { throw ValidationError("--reload-unit goes with --output: without a file the unit would read nothing new") }
            return
        }
        guard !output.isEmpty, !output.hasSuffix("/") else { throw ValidationError("--output needs the path of a file") }
        guard permissions != nil else {
            throw ValidationError("--mode must be octal, such as 0640, readable by you and writable by you alone, not \(Quotation.of(mode))")
        }
        if let owner, FileOwner(owner) == nil {
            throw ValidationError(
                "--owner needs user, user:group or :group, as this machine's /etc/passwd and /etc/group name them or by numbers, not \(Quotation.of(owner))")
        }
        guard reloadUnit.map(Watch.isUnit) ?? true else { throw ValidationError("--reload-unit needs the name of a unit, such as erp.service") }
    }

    func run() throws {
        try reporting(about: token.name) { () throws(Failure) in
            guard let output, let permissions else { return try printAll() }
            let file = WatchedFile(output, mode: permissions, owner: owner.flatMap { FileOwner($0) })
            try FileWatch(token.query, connection.socket, file, reload: reloadUnit.map { UnitReload($0) }, Vigil()).run()
        }
    }

    private func printAll() throws(Failure) {
        let patience = token.wait + DaemonSocket.margin
        let daemon = try DaemonConnection(.watch(token.query), at: connection.socket, patience: patience)
        while let row = try WatchRow(try daemon.nextLine()) {
            try Watch.print(row.body)
            daemon.waitForever()
        }
    }

    private static func print(_ row: ReplyBody) throws(Failure) {
        let output = SecretBuffer(capacity: row.secret.count + 1)
        output.append(row.secret)
        output.append(UInt8(ascii: "\n"))
        try StandardOutput.write(output)
    }

    /// `nil` unless the owner may read and write, and nobody else may write or run it.
    private var permissions: UInt32? {
        guard (3...4).contains(mode.utf8.count), let bits = UInt32(mode, radix: 8), bits & 0o600 == 0o600, bits & ~0o644 == 0 else { return nil }
        return bits
    }

    /// The characters that systemd.unit(5) allows; an option it is not.
    private static func isUnit(_ name: String) -> Bool {
        let signs = Array(":-_.\\@".utf8)
        return !name.isEmpty && name.utf8.count <= 255 && name.utf8.first != UInt8(ascii: "-") && name.contains(".")
            && name.utf8.allSatisfy { signs.contains($0) || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }
    }
}

/// One row of WATCH.
struct WatchRow {
    enum News {
        case token(ServedToken)
        /// The token that came before is as good as ever; what a person reads about it.
        case trouble(String)
        /// The person has signed out: what came before is served to nobody any more.
        case signedOut(String)
    }

    let body: ReplyBody
    let news: News

    /// `nil` when the reply has ended.
    init?(_ line: ReplyLine) throws(Failure) {
        switch line {
        case .row(let row):
            body = row
            news = try WatchRow.news(row)
        case .ok: return nil
        case .refused(let refusal): throw .refused(refusal, rows: [])
        case .malformed: throw .strangeReply
        }
    }

    private static func news(_ row: ReplyBody) throws(Failure) -> News {
        if let token = row.token { return .token(token) }
        guard let items = row.items(words: 1), items.words == ["-"] else { throw .strangeReply }
        let reason = items.fields.first("reason")
        let told = Quotation.plain([items.fields.first("state"), reason].compactMap(\.self).joined(separator: ": "))
        return reason == "signed-out" ? .signedOut(told) : .trouble(told)
    }
}
