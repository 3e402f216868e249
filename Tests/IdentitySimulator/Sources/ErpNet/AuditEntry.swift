internal import Keys

/// The log entry of one request: names and fingerprints, never a secret.
package struct AuditEntry: Equatable, Sendable {
    package let sequence: Int
    /// Seconds since the simulator started, on a monotonic clock.
    package let elapsed: Double
    /// The time of the instance in seconds since the epoch.
    package let time: Int
    /// The listener: `main`, or the kind of an additional one.
    package let listener: String
    /// A number for each TCP connection.
    package let connection: Int
    package let route: Route
    package let method: String
    package let path: String
    package let queryFields: [String]
    package let headers: [String]
    package let userAgent: String?
    package let contentType: String?
    /// `none`, `body`, `basic`, `both`, `bearer`, `x-api-key`, `api-key`, `several` or `other`.
    package let authentication: String
    /// The client id, if it is registered.
    package let client: String?
    /// The names of the form fields in order; `nil` if the body is not a form or cannot be decoded.
    package let fields: [String]?
    package let grantType: String?
    package let scope: String?
    /// Fingerprints by the name of the field or header with the secret.
    package let fingerprints: [String: String]
    package let fault: String?
    package var outcome: Outcome?

    /// The result of the request.
    package struct Outcome: Equatable, Sendable {
        /// `nil` if there was no response.
        package let status: Int?
        package let error: String?
        /// The fingerprint of the access token in the response.
        package let token: String?
        /// The fingerprint of the refresh token in the response.
        package let refreshToken: String?
        /// `whole`, `half`, `drip`, `endless`, `dropped`, or `gone` if the client did not wait.
        package let delivery: String

        package init(reply: Reply?, delivery: String) {
            status = reply?.status
            error = reply?.error
            token = reply?.accessToken.map { fingerprint($0) }
            refreshToken = reply?.refreshToken.map { fingerprint($0) }
            self.delivery = delivery
        }

        private init(_ other: Outcome, delivery: String) {
            (status, error, token, refreshToken) = (other.status, other.error, other.token, other.refreshToken)
            self.delivery = delivery
        }

        /// The same entry for a client that did not wait.
        var interrupted: Outcome { Outcome(self, delivery: "gone") }
    }
}

extension AuditEntry {
    package var json: JSON {
        [
            "seq": .number(sequence), "elapsed": .decimal(elapsed), "time": .number(time),
            "listener": .string(listener), "connection": .number(connection), "route": .string(route.rawValue),
            "method": .string(method), "path": .string(path), "query": JSON(queryFields), "headers": JSON(headers),
            "user_agent": optional(userAgent), "content_type": optional(contentType), "auth": .string(authentication),
            "client": optional(client), "fields": fields.map { JSON($0) } ?? .null, "grant_type": optional(grantType),
            "scope": optional(scope), "fingerprints": sorted(fingerprints), "fault": optional(fault),
            "status": outcome?.status.map { .number($0) } ?? .null, "error": optional(outcome?.error),
            "token": optional(outcome?.token), "refresh_token": optional(outcome?.refreshToken),
            "delivery": optional(outcome?.delivery),
        ]
    }

    private func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    private func sorted(_ values: [String: String]) -> JSON {
        .object(values.sorted { $0.key < $1.key }.map { JSON.Member(name: $0.key, value: .string($0.value)) })
    }
}
