package import Secrets

/// One HTTP request to an authorization server. The sender adds `Accept: application/json` and the content type of a form.
package struct EndpointRequest: Sendable {
    package enum Method: Sendable {
        case get
        /// `application/x-www-form-urlencoded`
        case post(form: Secret)
    }
    package var method: Method
    package var url: String
    /// Names and complete values, possibly with `Authorization`.
    package var headers: [(name: String, value: Secret)]
    /// The request consumes something that must not be sent twice, so it must not use a connection that may be dead (NET-11).
    package var freshConnection: Bool

    package init(method: Method, url: String, headers: [(name: String, value: Secret)] = [], freshConnection: Bool = false) {
        self.method = method
        self.url = url
        self.headers = headers
        self.freshConnection = freshConnection
    }
}

/// The result of an `EndpointRequest`.
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
    /// The `Location` header: the target of a redirect.
    package var location: String?
    /// The `Content-Encoding` header.
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

/// There is no complete response. The retry depends on whether any byte of the request was written.
package struct TransportFault: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// the name was not resolved, or the connection was refused or timed out
        case unreachable
        /// the TLS handshake failed for a reason other than the certificate
        case handshake
        /// the proxy refused to open a tunnel
        case proxyRefusal
        /// the certificate or its name is not valid: a retry does not help until somebody changes something
        case certificate
        /// the certificate is not valid at this machine's time: it passes when the clock is set
        case certificateTime
        /// connected, but the exchange timed out, was reset, or violated HTTP
        case broken
        /// larger than the limit
        case tooLarge
        /// the request, an address or a proxy cannot be used: somebody must correct it
        case unusable
        /// the daemon is stopping
        case stopped
    }
    /// Whether no byte of the HTTP request was written.
    package var unsent: Bool
    package var kind: Kind
    /// One line without secrets, URL queries or text from the server.
    package var text: String

    package init(unsent: Bool, kind: Kind, text: String) {
        self.unsent = unsent
        self.kind = kind
        self.text = text
    }
}
