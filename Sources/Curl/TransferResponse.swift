package import Secrets

/// A whole answer of any status. The header values are the server's words: not yet checked, not for a log.
package struct TransferResponse: Sendable {
    package let status: Int
    /// `Retry-After`, as sent: seconds or an HTTP date.
    package let retryAfter: String?
    /// `Date`, as sent.
    package let date: String?
    package let contentType: String?
    package let cacheControl: String?
    /// `Location`, as sent: where a redirect leads.
    package let location: String?
    /// `Content-Encoding`, as sent.
    package let contentEncoding: String?
    /// At most `Transfer.maximumBody` bytes. Whole when the server gave a length or chunks; a body that ends with the connection
    /// may have been cut by anybody on the way, for libcurl does not ask for an orderly end of TLS (RFC 9112 section 9.8).
    package let body: Secret
    /// Nanoseconds from `submit` to the last byte.
    package let duration: Int64

    package init(
        status: Int, retryAfter: String? = nil, date: String? = nil, contentType: String? = nil, cacheControl: String? = nil, location: String? = nil,
        contentEncoding: String? = nil,
        body: Secret, duration: Int64 = 0
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.date = date
        self.contentType = contentType
        self.cacheControl = cacheControl
        self.location = location
        self.contentEncoding = contentEncoding
        self.body = body
        self.duration = duration
    }
}
