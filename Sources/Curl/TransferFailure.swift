/// Why a transfer has no answer, and what is known about its bytes.
package struct TransferFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether the server may have seen the request.
    package enum Phase: Sendable, Equatable {
        /// No byte of the request was written: sending it again cannot spend anything twice.
        case unsent
        /// A byte of the request was or may have been written.
        case sent
    }

    package enum Cause: Sendable, Equatable {
        /// The name has no address, or none was found in time.
        case resolve
        /// No TCP connection.
        case connect
        /// The TLS handshake failed, but not over the certificate.
        case tls
        /// The certificate or its name was refused, or the authorities could not be read; `reason` is a fixed text.
        case certificate(reason: String)
        /// A certificate is not valid yet or not any more by this machine's clock; may pass with the clock (a machine without RTC).
        case certificateTime
        /// Connecting or the whole exchange took too long.
        case timeout
        /// The connection ended before the answer was complete.
        case reset
        /// More body or headers than allowed.
        case tooLarge
        /// The answer is not HTTP/1.
        case protocolError
        /// The proxy was not found, or did not open the tunnel for a reason that may pass.
        case proxy
        /// The proxy answered with a status 4xx instead of opening the tunnel.
        case proxyRefusal
        /// The transfer's own description is unusable: address, proxy or a header.
        case badURL
        /// Cancelled, or the thread was stopped.
        case stopped
        /// Out of memory or descriptors, or an unsuitable libcurl.
        case other
    }

    package let phase: Phase
    package let cause: Cause
    /// One line that is safe to log: names the server, never a path, a query, a header or a body.
    package let text: String

    package init(phase: Phase, cause: Cause, text: String) {
        self.phase = phase
        self.cause = cause
        self.text = text
    }

    package var description: String { text }
}
