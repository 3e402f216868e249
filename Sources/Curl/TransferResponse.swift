package import Secrets

/// A complete response of any status. The header values are those of the server: unchecked, and not for a log.
package struct TransferResponse: Sendable {
    package let status: Int
    /// The `Retry-After` header: seconds or an HTTP date.
    package let retryAfter: String?
    /// The `Date` header.
    package let date: String?
    package let contentType: String?
    package let cacheControl: String?
    /// The `Location` header: the target of a redirect.
    package let location: String?
    /// The `Content-Encoding` header.
    package let contentEncoding: String?
    /// At most `Transfer.maximumBody` bytes. It is complete if the response has a length or is chunked. A body that ends with the connection may have
    /// been truncated by an attacker, because libcurl does not require the TLS close_notify (RFC 9112 section 9.8).
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
