/// An `ERR` reply: a stable code, fields for programs, and a sentence for people. Contains no secret.
package struct Refusal: Error, Hashable, Sendable {
    package var code: RefusalCode
    package var fields: [Field]
    package var text: String

    package init(_ code: RefusalCode, _ fields: [Field] = [], _ text: String) {
        self.code = code
        self.fields = fields
        self.text = text
    }

    /// For a peer whose unit cannot be determined, because it connected before the daemon accepted its first connection. A new connection succeeds.
    package static let connectAgain = Refusal(
        .busy, [Field("retry-after", 1), Field("reason", "connect-again")],
        "tokend did not serve yet when this connection was made, and this kernel does not tell its unit any more; connect again")

    /// Whether the client should simply connect again.
    package var isConnectAgain: Bool { code == .busy && fields.contains { $0.key == "reason" && $0.value == "connect-again" } }
}

/// The error codes of protocol version 1. Their meaning never changes.
package enum RefusalCode: String, Hashable, Sendable, CaseIterable {
    case badRequest = "bad-request"
    case tooLong = "too-long"
    case unsupported
    case denied
    case loginRequired = "login-required"
    case expired
    case unavailable
    case refused
    case badConfig = "bad-config"
    case timeout
    case busy
    case stopping
    case `internal`

    /// The exit status of `tokenctl` (sysexits.h if it has a suitable number).
    package var exitStatus: Int32 {
        switch self {
        case .badRequest, .tooLong, .unsupported: 64
        case .denied: 77
        case .loginRequired: 80
        case .expired: 81
        case .unavailable, .timeout, .busy, .stopping: 75
        case .refused, .badConfig: 78
        case .internal: 70
        }
    }
}

/// A `key=value` of a reply. The value is percent-encoded when it is written.
package struct Field: Hashable, Sendable {
    package var key: String
    package var value: String

    package init(_ key: String, _ value: some CustomStringConvertible) {
        self.key = key
        self.value = value.description
    }
}
