/// The version, as HELLO and `--version` report it.
package enum Release {
    package static let version = "0.1.0"
    /// The version of the line protocol.
    package static let protocolNumber = 1
}
