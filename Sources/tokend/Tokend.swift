internal import ArgumentParser
internal import TokenConfiguration
internal import TokenDaemon
internal import TokenWire

/// The daemon's command line.
@main
struct Tokend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokend",
        abstract: "Hold OAuth credentials, renew tokens ahead of time, and serve them to local processes over a Unix socket.",
        discussion: """
            Under systemd the sockets come from tokend.socket and tokend-credentials.socket. SIGTERM ends the daemon in order, SIGHUP reads the configuration anew.
            Exit status: 0 after SIGTERM, 64 for wrong arguments, 71 when the machine refuses something, 74 when a
            stop could not wait any longer for a refresh token, 78 for a configuration that cannot be used.
            With --check: 0 when all is well, 78 when somebody has to change something, 75 when a server cannot be reached now.
            """,
        version: Release.version)

    @Option(name: .customLong("config"), help: ArgumentHelp("Folder with tokend.toml and apps.d.", valueName: "dir"))
    var configurationFolder = DaemonOptions.defaultConfiguration

    @Option(help: ArgumentHelp("Folder that belongs to the daemon; made with mode 0700 if it is missing.", valueName: "dir"))
    var state = DaemonOptions.defaultState

    @Option(help: ArgumentHelp("Where to listen when systemd gives no socket.", valueName: "path"))
    var socket = DaemonOptions.defaultSocket

    @Option(
        help: ArgumentHelp(
            "Where to listen for the credentials of units (LoadCredential=NAME:path) when systemd gives no socket; nowhere by default.", valueName: "path"))
    var credentialSocket: String?

    @Option(help: ArgumentHelp("Where the audit goes: auto, journal or stderr.", valueName: "where"))
    var log = LogMode.auto

    @Flag(help: "Check the configuration without starting: print every problem and exit with 0 or 78.")
    var check = false

    @Flag(
        help:
            "With --check: also ask every server what it makes of the configuration. Tokens are issued and thrown away; whether somebody is signed in is not asked."
    )
    var online = false

    @Flag(help: "With --check: when all is well, print only the hosts that tokend connects to, one a line, as a firewall needs to know them.")
    var hosts = false

    @Option(
        help: ArgumentHelp(
            "With --check: for a daemon of this user, a number; without it for your own, and of /etc/tokend, where you are root, for tokend's.",
            valueName: "uid")
    )
    var user: UInt32?

    func validate() throws {
        if online, !check { throw ValidationError("--online belongs to --check: tokend --check --online") }
        if hosts, !check { throw ValidationError("--hosts belongs to --check: tokend --check --hosts") }
        if user != nil, !check { throw ValidationError("--user belongs to --check: tokend --check --user 0") }
        if hosts, online { throw ValidationError("--hosts asks nobody; it does not go with --online") }
    }

    func run() throws {
        let options = DaemonOptions(configuration: configurationFolder, state: state, socket: socket, credentialSocket: credentialSocket, log: log)
        // the argument parser knows nothing of the main actor, and calls on the main thread
        throw ExitCode(
            MainActor.assumeIsolated {
                check ? runCheck(of: configurationFolder, for: user, isOnline: online, hostsAlone: hosts) : runDaemon(options)
            })
    }
}

extension LogMode: ExpressibleByArgument {}
