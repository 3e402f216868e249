internal import CCurl
internal import CShims
internal import Glibc
internal import Secrets

/// A transfer in libcurl's hands: its handle, what it lends to it, and what has come back. Lives on the exchange thread.
///
/// The form, the header list and every byte of the answer are wiped here; the request that libcurl assembles of them is wiped when it
/// frees it (`tokend_curl_start`).
final class RunningTransfer {
    static let maximumHeaders = 64 * 1024

    let handle: EasyHandle
    let submission: Submission
    let server: Endpoint
    let proxy: Endpoint?
    let headers: HeaderList
    /// The certificate must name this.
    let expectedName: CStringBuffer
    let body = SecretBuffer()

    /// Whether the name lookup is over.
    private(set) var isResolved = false
    private(set) var isTooLarge = false
    /// Whether a byte of the request was or may have been written: libcurl calls `requestBegins` right before the first
    /// write, when connection, tunnel and TLS stand.
    private(set) var isSent = false
    /// Whether it has a connection of its own. Without one, the request goes out on a kept connection.
    private var hasConnected = false
    /// Whether the empty line after the headers of the latest answer was seen: libcurl takes headers that end with the
    /// connection for an answer without a body.
    private(set) var headersAreWhole = false
    /// Whether the latest answer gives its length a second time. Two readers of one connection could take different ends for it, so neither is
    /// believed (RFC 9112 section 6.3).
    private(set) var hasDuplicateLength = false
    private var hasLength = false
    private var headerBytes = 0
    /// Bytes of the answer at the last look.
    private var received = 0
    /// On the clock of `now`.
    let monotonicDeadline: Int64

    /// Throws before anything is sent, for an address or a header that may not be used.
    init(_ submission: Submission, userAgent: String, now: Int64) throws(TransferFailure) {
        let transfer = submission.transfer
        self.submission = submission
        server = try Endpoint(transfer.url, as: .server(plainHTTPOnLoopback: transfer.allowPlainHTTPOnLoopback))
        proxy = if let proxy = transfer.proxy { try Endpoint(proxy, as: .proxy) } else { nil }
        // asked with `Expect: 100-continue`, many servers never answer; libcurl would wait a second for each
        headers = try HeaderList([("Accept", Secret(transfer.accept))] + transfer.headers, without: ["Expect"])
        expectedName = CStringBuffer(server.host)
        handle = try EasyHandle()
        monotonicDeadline = Self.now + Int64(submission.remaining(now: now)) * Submission.millisecond
        try configure(userAgent: userAgent, now: now)
    }

    /// CLOCK_MONOTONIC in nanoseconds: a machine that sleeps loses no patience, for the answer may still come when it wakes.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Whether a part of the answer has come since this was last asked.
    func hasReceivedMore() -> Bool {
        defer { received = headerBytes + body.count }
        return headerBytes + body.count > received
    }

    /// The lookup is over; whether a connection may be made. After the request was written, libcurl connects only to send it again
    /// by itself; `TransferLoop` decides about that.
    func mayConnect() -> Bool {
        guard !isSent else { return false }
        (hasConnected, isResolved) = (true, true)
        return true
    }

    /// Whether the request may be written: once. libcurl would send it again by itself on another kept connection, up to five times.
    func requestBegins() -> Bool {
        guard !isSent else { return false }
        (isSent, isResolved) = (true, true)
        return true
    }

    /// Whether the request was lost with a kept connection: the server closed it before a line of the answer, perhaps before the request
    /// came (RFC 9112 section 9.3.1).
    var isLostOnReusedConnection: Bool { isSent && !hasConnected && headerBytes + body.count == 0 }

    /// Takes a part of the body and overwrites it where it was; false ends the transfer.
    func receive(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        isTooLarge = isTooLarge || bytes.count > submission.transfer.maximumBody - body.count
        guard !isTooLarge else { return false }
        body.append(UnsafeRawBufferPointer(bytes))
        if let base = bytes.baseAddress { tokend_wipe(base, bytes.count) }
        return true
    }

    /// Takes a header line, a status line, or the empty line at their end; false ends the transfer.
    func receiveHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        if line.starts(with: "HTTP/".utf8) { (headersAreWhole, hasLength) = (false, false) }
        if Self.isLength(line) { (hasDuplicateLength, hasLength) = (hasLength, true) }
        if line.allSatisfy({ $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }) { headersAreWhole = true }
        headerBytes += line.count
        isTooLarge = isTooLarge || headerBytes > Self.maximumHeaders
        return !isTooLarge && !hasDuplicateLength
    }

    /// Whether it is a `Content-Length` header, in whatever case.
    private static func isLength(_ line: UnsafeRawBufferPointer) -> Bool {
        let name = "content-length".utf8
        guard line.count > name.count, line[name.count] == UInt8(ascii: ":") else { return false }
        return zip(line, name).allSatisfy { $0 | 0x20 == $1 }
    }
}
