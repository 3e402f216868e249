internal import Systemd
internal import TokenLedger

/// The one line of `systemctl status`: told when something changed, at most every few seconds.
final class StatusLine {
    private let keeper: TokenKeeper
    private let loop: Loop
    private var timer: LoopTimer?
    private var told = ""
    private var isDue = false
    private var isTelling = false

    private static let pause = Int64.seconds(2)

    init(_ keeper: TokenKeeper, _ loop: Loop) throws(SystemError) {
        self.keeper = keeper
        self.loop = loop
        timer = try loop.timer { [unowned self] in tell() }
    }

    /// Something has changed.
    func touch() {
        guard isTelling, !isDue else { return }
        isDue = true
        timer?.set(at: loop.now + Self.pause)
    }

    /// From now on systemd may be told: it knows that we are ready.
    func begin() -> String {
        isTelling = true
        told = text
        return told
    }

    private func tell() {
        isDue = false
        let line = text
        guard line != told else { return }
        told = line
        ServiceManager.status(line)
    }

    /// `3 tokens: 2 ready, 1 unavailable`
    private var text: String {
        let counts = keeper.ledger.counts(at: loop.now)
        let number = counts.values.reduce(0, +)
        let parts = TokenState.allCases.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
        return parts.isEmpty ? "no tokens configured" : "\(number) token\(number == 1 ? "" : "s"): " + parts.joined(separator: ", ")
    }
}
