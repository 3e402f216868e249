internal import ArgumentParser
internal import Glibc
internal import TokenConfiguration
internal import TokenDaemon

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
        version: tokendVersion)

    @Option(name: .customLong("config"), help: ArgumentHelp("Folder with tokend.toml and apps.d.", valueName: "dir"))
    var configurationFolder = defaultConfigurationFolder

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
        if check { throw ExitCode(checkConfiguration()) }
        // the argument parser knows nothing of the main actor, and calls on the main thread
        throw ExitCode(MainActor.assumeIsolated { serve() })
    }

    private func checkConfiguration() -> Int32 {
        let reading = readConfiguration(at: configurationFolder, secrets: .ofCheck(at: configurationFolder, for: user))
        let report = checkReport(reading)
        for line in hosts && !reading.hasErrors ? reading.hosts : report.lines { print(line) }
        guard online else { return report.exitStatus }
        // the argument parser knows nothing of the main actor, and calls on the main thread
        return MainActor.assumeIsolated { checkServers(reading) }
    }

    /// Asks nobody while the configuration has errors: what is asked for could be as wrong.
    @MainActor
    private func checkServers(_ reading: ConfigurationReading) -> Int32 {
        guard !reading.hasErrors else {
            print("online: nobody was asked; correct the configuration first")
            return EX_CONFIG
        }
        do {
            let status = try OnlineCheck(reading, say: sayAtOnce).run()
            if let remedy = reading.remedyForCredentials(at: configurationFolder) { print(remedy) }
            return status
        } catch {
            complain(["\(error)"])
            return EX_OSERR
        }
    }

    /// Serves until a signal; the exit status (sysexits.h).
    @MainActor
    private func serve() -> Int32 {
        let options = DaemonOptions(configuration: configurationFolder, state: state, socket: socket, credentialSocket: credentialSocket, log: log)
        do {
            return try Daemon(options).run() ? EX_OK : EX_IOERR
        } catch let refused as ConfigurationRefused {
            complain(refused.report)
            return EX_CONFIG
        } catch {
            complain(["\(error)"])
            return EX_OSERR
        }
    }
}

/// A server may take half a minute: whoever waits sees what is there.
@MainActor
private func sayAtOnce(_ line: String) {
    print(line)
    fflush(nil)
}

extension LogMode: ExpressibleByArgument {}
