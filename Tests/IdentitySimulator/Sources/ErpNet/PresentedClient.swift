internal import Keys

/// The client credentials of a token request, not verified (RFC 6749 section 2.3.1).
package struct PresentedClient: Equatable, Sendable {
    package enum Method: String, Sendable {
        case none, body, basic
    }

    package let id: String
    package let secret: String?
    package let method: Method

    /// Reads them from the form or from HTTP Basic.
    package init(_ request: Request, form: Form) throws(TokenRefusal) {
        guard let header = request.values(of: "Authorization").first else {
            guard let id = form["client_id"] else { throw .noClient }
            self.id = id
            secret = form["client_secret"]
            method = secret == nil ? .none : .body
            return
        }
        let (id, secret) = try Self.basic(header)
        guard form["client_secret"] == nil, form["client_id"].map({ $0 == id }) ?? true else { throw .twoCredentials }
        self.id = id
        self.secret = secret
        method = .basic
    }

    /// Id and secret are form-encoded before they are joined, because an id may contain a `/` and a secret a `:`.
    private static func basic(_ header: String) throws(TokenRefusal) -> (id: String, secret: String) {
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic", let joined = base64Decoded(words[1]) else {
            throw .malformedCredentials
        }
        let parts = joined.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let id = Form.decoded(parts[0]), let secret = Form.decoded(parts[1]) else {
            throw .malformedCredentials
        }
        return (id, secret)
    }

    /// Whether stock servers would accept the form of the credentials.
    package var isWithinLimits: Bool {
        id.utf8.count <= 100 && (secret?.utf8.count ?? 0) <= 100
    }
}
