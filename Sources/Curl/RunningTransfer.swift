internal import CCurl
internal import CShims
internal import Glibc
internal import Secrets

/// A transfer that libcurl performs: its handle, the memory lent to the handle, and the response so far. Used on the exchange thread only.
///
/// The form, the header list and the response are wiped here. libcurl's copy of the request is wiped when libcurl frees it (`tokend_curl_start`).
final class RunningTransfer {
    static let maximumHeaders = 64 * 1024

    let handle: EasyHandle
    let submission: Submission
    let server: Endpoint
    let proxy: Endpoint?
    let headers: HeaderList
    /// The name that the certificate must have.
    let expectedName: CStringBuffer
    let body = SecretBuffer()

    /// Whether the name lookup is finished.
    private(set) var isResolved = false
    private(set) var isTooLarge = false
    /// Whether a byte of the request was or may have been written. libcurl calls `requestBegins` right before the first write, when the connection,
    /// the tunnel and the TLS session are ready.
    private(set) var isSent = false
    /// Whether libcurl opened a connection for this transfer. If not, the request is sent on a reused connection.
    private var hasConnected = false
    /// Whether the empty line after the response headers was received. libcurl takes headers that are cut off by the end of the connection for a
    /// response without a body.
    private(set) var headersAreWhole = false
    /// Whether the response has more than one `Content-Length`. Two readers could disagree about the end of such a response, so it is rejected (RFC
    /// 9112 section 6.3).
    private(set) var hasDuplicateLength = false
    private var hasLength = false
    private var headerBytes = 0
    /// The number of response bytes at the previous call of `hasReceivedMore`.
    private var received = 0
    /// When the whole transfer must have ended, on the clock of `now`.
    let monotonicDeadline: Int64

    /// Throws before anything is sent if the URL or a header cannot be used.
    init(_ submission: Submission, userAgent: String, now: Int64) throws(TransferFailure) {
        let transfer = submission.transfer
        self.submission = submission
        server = try Endpoint(transfer.url, as: .server(plainHTTPOnLoopback: transfer.allowPlainHTTPOnLoopback))
        proxy = if let proxy = transfer.proxy { try Endpoint(proxy, as: .proxy) } else { nil }
        // many servers never answer `Expect: 100-continue`, and libcurl would wait a second each time
        headers = try HeaderList([("Accept", Secret(transfer.accept))] + transfer.headers, without: ["Expect"])
        expectedName = CStringBuffer(server.host)
        handle = try EasyHandle()
        monotonicDeadline = Self.now + Int64(submission.remaining(now: now)) * Submission.millisecond
        try configure(userAgent: userAgent, now: now)
    }

    /// CLOCK_MONOTONIC in nanoseconds. It stops while the machine sleeps, so the response still has time to arrive after a wake-up.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Whether more of the response was received since the previous call.
    func hasReceivedMore() -> Bool {
        defer { received = headerBytes + body.count }
        return headerBytes + body.count > received
    }

    /// Called by libcurl when the lookup is finished; returns whether it may open a connection. After the request was written, libcurl connects only
    /// to resend it. `TransferLoop` decides about that instead.
    func mayConnect() -> Bool {
        guard !isSent else { return false }
        (hasConnected, isResolved) = (true, true)
        return true
    }

    /// Called by libcurl before the first write; returns whether it may send the request. Only once: libcurl would resend it on other reused
    /// connections up to five times.
    func requestBegins() -> Bool {
        guard !isSent else { return false }
        (isSent, isResolved) = (true, true)
        return true
    }

    /// Whether the request was lost on a reused connection. The server closed the connection before it sent a byte, perhaps before it received the
    /// request (RFC 9112 section 9.3.1).
    var isLostOnReusedConnection: Bool { isSent && !hasConnected && headerBytes + body.count == 0 }

    /// Appends a part of the body and wipes libcurl's copy. Returns `false` to abort the transfer.
    func receive(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        isTooLarge = isTooLarge || bytes.count > submission.transfer.maximumBody - body.count
        guard !isTooLarge else { return false }
        body.append(UnsafeRawBufferPointer(bytes))
        if let base = bytes.baseAddress { tokend_wipe(base, bytes.count) }
        return true
    }

    /// Takes a status line, a header line or the empty line after them. Returns `false` to abort the transfer.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        if line.starts(with: "HTTP/".utf8) { (headersAreWhole, hasLength) = (false, false) }
        if Self.isLength(line) { (hasDuplicateLength, hasLength) = (hasLength, true) }
        if line.allSatisfy({ $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) { headersAreWhole = true }
        headerBytes += line.count
        isTooLarge = isTooLarge || headerBytes > Self.maximumHeaders
        return !isTooLarge && !hasDuplicateLength
    }

    /// Whether the line is a `Content-Length` header, in any case.
    private static func isLength(_ line: UnsafeRawBufferPointer) -> Bool {
        let name = "content-length".utf8
        guard line.count > name.count, line[name.count] == UInt8(ascii: ":") else { return false }
        return zip(line, name).allSatisfy { $0 | 0x20 == $1 }
    }
}
