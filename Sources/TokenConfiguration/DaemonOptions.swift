/// What the command line says.
package struct DaemonOptions: Sendable {
    /// Folder with `tokend.toml` and `apps.d`.
    package var configuration: String
    /// Folder that belongs to the daemon; made with mode 0700 when it is missing.
    package var state: String
    /// Where to listen when systemd gives no socket.
    package var socket: String
    /// Where to listen for what systemd asks for units, when it gives no socket; nowhere without one.
    package var credentialSocket: String?
    package var log: LogMode

    package static let defaultConfiguration = "/etc/tokend"
    package static let defaultState = "/var/lib/tokend"
    package static let defaultSocket = "/run/tokend/tokend.sock"

    package init(
        configuration: String = defaultConfiguration, state: String = defaultState, socket: String = defaultSocket,
        credentialSocket: String? = nil, log: LogMode = .auto
    ) {
        self.configuration = configuration
        self.state = state
        self.socket = socket
        self.credentialSocket = credentialSocket
        self.log = log
    }
}
