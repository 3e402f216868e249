/// A transfer as it was submitted. Its timeout starts here. Times are CLOCK_BOOTTIME in nanoseconds.
struct Submission: Sendable {
    static let millisecond: Int64 = 1_000_000
    private static let longestTimeout = 86_400_000

    let id: UInt64
    let transfer: Transfer
    let submitted: Int64
    /// It was lost on a reused connection and is sent a second time.
    private(set) var isRetry = false

    init(id: UInt64, transfer: Transfer, submitted: Int64) {
        self.id = id
        self.transfer = transfer
        self.submitted = submitted
    }

    /// The same transfer for a second attempt on a new connection; `nil` if it must not be sent twice.
    var retry: Submission? {
        guard !needsNewConnection else { return nil }
        var retry = self
        retry.isRetry = true
        return retry
    }

    var needsNewConnection: Bool { transfer.freshConnection || isRetry }

    /// When the whole transfer must have ended.
    var deadline: Int64 { submitted + Int64(min(max(transfer.timeout, 1), Self.longestTimeout)) * Self.millisecond }

    /// The remaining milliseconds, at least one: libcurl takes zero as "no limit".
    func remaining(now: Int64) -> Int { max(Int((deadline - now) / Self.millisecond), 1) }

    /// It was cancelled before it started.
    var stopped: TransferFailure {
        TransferFailure(phase: phase, cause: .stopped, text: "an exchange was ended before it began")
    }

    /// It got no slot for its name lookup in time.
    var expired: TransferFailure {
        TransferFailure(phase: phase, cause: .timeout, text: "an exchange waited too long for a slot to resolve a name")
    }

    /// The phase while nothing was written on the present connection.
    var phase: TransferFailure.Phase { isRetry ? .sent : .unsent }
}

/// What other threads ask of the exchange thread.
enum TransferMessage: Sendable {
    case submit(Submission)
    case cancel(id: UInt64)
}
