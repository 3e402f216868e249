internal import ArgumentParser
internal import CShims
internal import Glibc
internal import Secrets
internal import TokenWire

struct Exec: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command that has a token.",
        discussion: """
            Fetches a token, then becomes the command: its process id, its signals and its exit status are the command's. The token \
            is in a file that exists only in memory, cannot be changed, and is named by an environment variable, TOKEND_TOKEN_FILE unless \
            --file-env says otherwise. The file holds the token and nothing else, not even a line end. It is a descriptor that the command \
            inherits: it may be opened again and again, also after the command has changed its user, and a process that the command starts has \
            it as long as the command hands its descriptors on.

              tokenctl exec portal.sync -- sh -c 'import-prices --token-file "$TOKEND_TOKEN_FILE"'
              tokenctl exec portal.sync --header --fd 3 -- curl -H @/dev/fd/3 https://portal.example/api

            The token is not renewed while the command runs; --min-valid says how long it has to last. What runs for longer asks again, \
            or reads a file that `tokenctl watch --output` keeps.

            --env VAR is for programs that know nothing else. Every process that the command starts inherits the variable, crash reports \
            and debug pages tend to show it, and root and the command's own user can read it in /proc for as long as the command runs.

            Exit status: that of the command; 127 if there is no such command, 126 if it cannot be run; without a token as for `tokenctl get`.
            """)

    @OptionGroup var token: TokenOptions
    @Option(help: ArgumentHelp("Put the token itself into this environment variable: see above what that exposes.", valueName: "var"))
    var env: String?
    @Option(help: ArgumentHelp("The environment variable that names the file (default: TOKEND_TOKEN_FILE).", valueName: "var"))
    var fileEnv: String?
    @Option(help: ArgumentHelp("The number the file's descriptor is to have, as in /dev/fd/3 (default: the lowest free one).", valueName: "number"))
    var fd: Int32?
    @Flag(help: "Not the token but the header line that the API wants, ready to send.")
    var header = false
    @OptionGroup var connection: ConnectionOptions
    @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("what is to be run? put it after --: tokenctl exec \(Quotation.plain(token.name)) -- COMMAND") }
        for (option, name) in [("--env", env), ("--file-env", fileEnv)] {
            if let name, !Exec.isVariable(name) {
                throw ValidationError("\(option) needs the name of a variable, of letters, digits and _, not \(Quotation.of(name))")
            }
            if let name, name == "PATH" || name.hasPrefix("LD_") {
                throw ValidationError("\(option) cannot be \(name), by which the command and its libraries are found; take another name")
            }
        }
        // also without a file: a program that finds this variable takes its value for a path, and may print it
        if let env, env == fileVariable { throw ValidationError("--env cannot be \(env), which names the file; take another name") }
        if let fd, !(3...1023).contains(fd) { throw ValidationError("--fd must be 3 to 1023, not \(fd)") }
    }

    func run() throws {
        try reporting(about: token.name) { () throws(Failure) in
            let value = try TokenFetch(header ? .header : .get, token.query, from: connection.socket).value()
            if let env { Exec.set(env, value) }
            if wantsFile { try lend(value) }
            throw becoming()
        }
    }

    private var fileVariable: String { fileEnv ?? "TOKEND_TOKEN_FILE" }
    private var wantsFile: Bool { env == nil || fileEnv != nil || fd != nil }

    private func lend(_ value: Secret) throws(Failure) {
        let descriptor = value.withBytes { bytes in bytes.baseAddress.map { tokend_lend_file("token", $0, bytes.count, fd ?? -1) } ?? -EINVAL }
        guard descriptor != -EBUSY else { throw .unusable("--fd \(fd ?? -1): that descriptor is in use; take another number") }
        guard descriptor != -EBADF else { throw .unusable("--fd \(fd ?? -1): this process may not have so many descriptors (ulimit -n); take a lower number") }
        guard descriptor >= 0 else { throw .file("the file in memory", -descriptor) }
        // unlike /dev/fd it is there in a root folder without /dev
        setenv(fileVariable, "/proc/self/fd/\(descriptor)", 1)
    }

    /// Returns only if the command cannot be run.
    private func becoming() -> Failure {
        var arguments = command.map { strdup($0) } + [nil]
        return .cannotRun(command[0], -tokend_become(&arguments))
    }

    private static func set(_ name: String, _ value: Secret) {
        let text = SecretBuffer(capacity: value.count + 1)
        text.append(value)
        text.append(0)
        text.withBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            // setenv(3) asks for characters, which are bytes
            setenv(name, base.assumingMemoryBound(to: CChar.self), 1)
        }
    }

    private static func isVariable(_ name: String) -> Bool {
        let isLetter = { (byte: UInt8) in byte == UInt8(ascii: "_") || (65...90).contains(byte) || (97...122).contains(byte) }
        guard let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) }
    }
}
