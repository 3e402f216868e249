internal import ArgumentParser
internal import Glibc
internal import TokenDaemon

/// The daemon's command line.
@main
struct Tokend: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokend",
        abstract: "Hold OAuth credentials, renew tokens ahead of time, and serve them to local processes over a Unix socket.",
        discussion: "Started by systemd it takes its socket from tokend.socket. Ends in order on SIGTERM; SIGHUP reads the configuration anew.",
        version: tokendVersion)

    @Option(name: .customLong("config"), help: ArgumentHelp("Folder with tokend.toml and apps.d.", valueName: "dir"))
    var configurationFolder = DaemonOptions.defaultConfiguration

    @Option(help: ArgumentHelp("Folder that belongs to the daemon.", valueName: "dir"))
    var state = DaemonOptions.defaultState

    @Option(help: ArgumentHelp("Where to listen when systemd gives no socket.", valueName: "path"))
    var socket = DaemonOptions.defaultSocket

    @Option(help: ArgumentHelp("Where the audit goes: auto, journal or stderr.", valueName: "where"))
    var log = "auto"

    @Flag(help: "Check the configuration without starting, print every problem, and exit with 0 or 78.")
    var check = false

    mutating func validate() throws {
        guard LogDestination(rawValue: log) != nil else {
            throw ValidationError("--log takes auto, journal or stderr, not '\(log)'")
        }
    }

    @MainActor
    mutating func run() throws {
    }
}
