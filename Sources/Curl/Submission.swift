/// A transfer as it was handed over: its clock runs from here. Times are BOOTTIME in nanoseconds.
struct Submission: Sendable {
    static let millisecond: Int64 = 1_000_000
    private static let longestTimeout = 86_400_000

    let id: UInt64
    let transfer: Transfer
    let submitted: Int64
    /// It was lost once with a kept connection and is sent a second time.
    private(set) var isRetry = false

    init(id: UInt64, transfer: Transfer, submitted: Int64) {
        self.id = id
        self.transfer = transfer
        self.submitted = submitted
    }

    /// The same once more on a new connection; `nil` where it must not be sent twice.
    var retry: Submission? {
        guard !needsNewConnection else { return nil }
        var retry = self
        retry.isRetry = true
        return retry
    }

    var needsNewConnection: Bool { transfer.freshConnection || isRetry }

    /// When the whole exchange must be over.
    var deadline: Int64 { submitted + Int64(min(max(transfer.timeout, 1), Self.longestTimeout)) * Self.millisecond }

    /// Milliseconds left, at least one: zero would mean "no limit" to libcurl.
    func remaining(now: Int64) -> Int { max(Int((deadline - now) / Self.millisecond), 1) }

    /// It was ended from outside before it began.
    var stopped: TransferFailure {
        TransferFailure(phase: phase, cause: .stopped, text: "an exchange was ended before it began")
    }

    /// Its turn to look a name up did not come in time.
    var expired: TransferFailure {
        TransferFailure(phase: phase, cause: .timeout, text: "an exchange waited too long for its turn to resolve a name")
    }

    /// Of a transfer that has written nothing on its present connection.
    var phase: TransferFailure.Phase { isRetry ? .sent : .unsent }
}
