internal import ArgumentParser

/// Where the daemon listens.
struct ConnectionOptions: ParsableArguments {
    @Option(
        name: .customLong("socket"),
        help: ArgumentHelp(
            "The daemon's socket (default: $TOKEND_SOCKET, else \(SocketPath.standard)).", valueName: "path"),
        completion: .file())
    var path: String?

    var socket: SocketPath { SocketPath(path) }

    func validate() throws {
        if path == "" { throw ValidationError("--socket needs a path") }
    }
}
