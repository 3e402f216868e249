/// A transfer as it was handed over: its clock runs from here. Times are BOOTTIME in nanoseconds.
struct Submission: Sendable {
    static let millisecond: Int64 = 1_000_000
    private static let longestTimeout = 86_400_000

    let id: UInt64
    let transfer: Transfer
    let submitted: Int64

    /// When the whole exchange must be over.
    var deadline: Int64 { submitted + Int64(min(max(transfer.timeout, 1), Self.longestTimeout)) * Self.millisecond }

    /// Milliseconds left, at least one: zero would mean "no limit" to libcurl.
    func remaining(now: Int64) -> Int { max(Int((deadline - now) / Self.millisecond), 1) }

    /// It was ended from outside before it began.
    var stopped: TransferFailure {
        TransferFailure(phase: .unsent, cause: .stopped, text: "an exchange was ended before it began")
    }

    /// Its turn to look a name up did not come in time.
    var expired: TransferFailure {
        TransferFailure(phase: .unsent, cause: .timeout, text: "an exchange waited too long for its turn to resolve a name")
    }
}
