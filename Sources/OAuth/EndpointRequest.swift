package import Secrets

/// One HTTP request to an authorization server. Whoever sends it adds `Accept: application/json` and a form's content type.
package struct EndpointRequest: Sendable {
    package enum Method: Sendable {
        case get
        /// `application/x-www-form-urlencoded`
        case post(form: Secret)
    }
    package var method: Method
    package var url: String
    /// Name and whole value; `Authorization` may be among them.
    package var headers: [(name: String, value: Secret)]
    /// Spends something that cannot be sent twice: must not ride on a connection that may be dead (NET-11).
    package var freshConnection: Bool

    package init(method: Method, url: String, headers: [(name: String, value: Secret)] = [], freshConnection: Bool = false) {
        self.method = method
        self.url = url
        self.headers = headers
        self.freshConnection = freshConnection
    }
}

/// What came of it.
package enum EndpointResult: Sendable {
    case response(EndpointResponse)
    case fault(TransportFault)
}

package struct EndpointResponse: Sendable {
    package var status: Int
    package var contentType: String?
    package var retryAfter: String?
    package var date: String?
    package var cacheControl: String?
    /// `Location`, as sent: where a redirect leads.
    package var location: String?
    /// `Content-Encoding`, as sent.
    package var contentEncoding: String?
    package var body: Secret

    package init(
        status: Int, contentType: String? = nil, retryAfter: String? = nil, date: String? = nil, cacheControl: String? = nil, location: String? = nil,
        contentEncoding: String? = nil, body: Secret
    ) {
        self.status = status
        self.contentType = contentType
        self.retryAfter = retryAfter
        self.date = date
        self.cacheControl = cacheControl
        self.location = location
        self.contentEncoding = contentEncoding
        self.body = body
    }
}

/// No full response. What matters next is whether any byte of the request was written.
package struct TransportFault: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// name not resolved, connection refused or timed out
        case unreachable
        /// TLS was not completed, but not over the certificate
        case handshake
        /// the proxy answered that it opens no tunnel
        case proxyRefusal
        /// the certificate or its name is not acceptable: no retry helps until somebody changes something
        case certificate
        /// the certificate is not valid at this machine's time: a machine without a clock recovers by itself
        case certificateTime
        /// connected, but the exchange was not finished in time, was reset, or broke HTTP
        case broken
        /// larger than the cap
        case tooLarge
        /// what was to be sent, or the way there, cannot be used (an address, a proxy): somebody must correct it
        case unusable
        /// the daemon is stopping
        case stopped
    }
    /// `true`: not one byte of the HTTP request left this machine.
    package var unsent: Bool
    package var kind: Kind
    /// One calm line without secrets, URL queries or server text.
    package var text: String

    package init(unsent: Bool, kind: Kind, text: String) {
        self.unsent = unsent
        self.kind = kind
        self.text = text
    }
}
