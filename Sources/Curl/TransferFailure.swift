/// Why a transfer has no response, and whether the request was sent.
package struct TransferFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether the server may have received the request.
    package enum Phase: Sendable, Equatable {
        /// No byte of the request was written. It is safe to send it again.
        case unsent
        /// A byte of the request was or may have been written.
        case sent
    }

    package enum Cause: Sendable, Equatable {
        /// The name has no address, or none was found in time.
        case resolve
        /// The TCP connection failed.
        case connect
        /// The TLS handshake failed for a reason other than the certificate.
        case tls
        /// The certificate or its name was rejected, or the CA file cannot be read. `reason` is a fixed text.
        case certificate(reason: String)
        /// By the clock of this machine, a certificate is not valid yet or has expired. That may pass when the clock is set (a machine without RTC).
        case certificateTime
        /// The connection or the whole transfer took too long.
        case timeout
        /// The connection ended before the response was complete.
        case reset
        /// The body or the headers exceed their limit.
        case tooLarge
        /// The response is not HTTP/1.
        case protocolError
        /// The proxy could not be resolved, or opened no tunnel for a reason that may pass.
        case proxy
        /// The proxy answered CONNECT with a status 4xx.
        case proxyRefusal
        /// The URL, the proxy or a header of the transfer cannot be used.
        case badURL
        /// The transfer was cancelled, or the thread was stopped.
        case stopped
        /// Out of memory or descriptors, or an unsupported libcurl.
        case other
    }

    package let phase: Phase
    package let cause: Cause
    /// One line that is safe to log. It names the server, and contains no path, query, header or body.
    package let text: String

    package init(phase: Phase, cause: Cause, text: String) {
        self.phase = phase
        self.cause = cause
        self.text = text
    }

    package var description: String { text }
}
