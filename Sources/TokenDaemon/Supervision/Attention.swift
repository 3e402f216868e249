/// Tells a loop that serves from one that only turns: whoever waits at the socket has to be looked at between two beats of the watchdog.
struct Attention: Sendable {
    private var last: (isWaited: Bool, looks: UInt64)?

    /// - Parameters:
    ///   - isWaited: somebody waits at the socket now.
    ///   - looks: how often it was looked who does.
    /// - Returns: `false` if somebody waited at the last beat already and nobody has looked since.
    mutating func isPaid(isWaited: Bool, looks: UInt64) -> Bool {
        defer { last = (isWaited, looks) }
        guard isWaited, let last, last.isWaited else { return true }
        return looks != last.looks
    }
}
