internal import ArgumentParser
internal import CShims
internal import Glibc
internal import TokenWire

/// The command line of tokend.
struct Tokenctl: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenctl",
        abstract: "Ask tokend for a token, or how your tokens fare.",
        discussion: """
            A token is named application.token, such as portal.sync. What you may have is decided by who you are: your \
            unit, your user or your groups. `tokenctl list` shows it. A token in a person's name begins with `tokenctl login`.

              tokenctl exec portal.sync --header --fd 3 -- curl -H @/dev/fd/3 https://portal.example/api

            `--socket PATH` may stand before or after the command.

            Exit status: 0 success, 64 wrong usage, 69 no daemon answers, 70 a fault of the daemon's, 74 the output \
            could not be written (73: a file), 75 try again later, 77 denied, 78 refused for good or wrongly configured, 80 a person \
            must sign in, 81 the token is past its end.
            """,
        version: Release.version,
        subcommands: [
            Get.self, Header.self, Exec.self, Watch.self, List.self, Status.self, Wait.self, Reject.self,
            Login.self, Logout.self, Import.self, Renew.self, Reload.self, Explain.self, Audit.self, Metrics.self, Setup.self, Ping.self,
        ])
}

extension Tokenctl {
    /// What stands before a complaint about the arguments: the same as before every other failure.
    static var _errorLabel: String { "tokenctl" }

    static func run(_ arguments: [String]) -> Never {
        do {
            var command = try parseAsRoot(arguments)
            try command.run()
            exit()
        } catch {
            guard !(error is ExitCode), exitCode(for: error) == .validationFailure else { exit(withError: error) }
            StandardError.write(MistakenToken.hidden(in: fullMessage(for: error), arguments) + "\n")
            Glibc.exit(64)
        }
    }
}

extension ParsableCommand {
    /// Runs the body; a failure is told on standard error and becomes the exit status.
    func reporting(about subject: String? = nil, _ body: () throws(Failure) -> Void) throws {
        do throws(Failure) { try body() } catch { throw ExitCode(error.report(about: subject)) }
    }
}
