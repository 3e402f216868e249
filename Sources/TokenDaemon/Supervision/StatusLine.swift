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
    /// Begun, and to go on in the next turn.
    private var count: StateCount?

    private static let pause = Int64.seconds(2)
    private static let tokensAtOnce = 128

    init(_ keeper: TokenKeeper, _ loop: Loop) throws(SystemError) {
        self.keeper = keeper
        self.loop = loop
        timer = try loop.timer { [unowned self] in tell() }
    }

    /// Something has changed.
    func touch() {
        guard isTelling, !isDue else { return }
        isDue = true
        if count == nil { timer?.set(at: loop.now + Self.pause) }
    }

    /// From now on systemd may be told: it knows that we are ready.
    func begin() -> String {
        isTelling = true
        // another configuration may be in force
        count = nil
        isDue = false
        told = text(keeper.ledger.counts(at: loop.now))
        return told
    }

    /// Ten thousand tokens are counted in several turns.
    private func tell() {
        if count == nil { isDue = false }
        var present = count ?? StateCount(keeper.ledger)
        for _ in 0..<Self.tokensAtOnce where !present.isComplete { present.step(keeper.ledger, at: loop.now) }
        guard present.isComplete else {
            count = present
            timer?.set(at: loop.now)
            return
        }
        count = nil
        // a token that was counted may have changed since
        if isDue { timer?.set(at: loop.now + Self.pause) }
        let line = text(present.states)
        guard line != told else { return }
        told = line
        ServiceManager.status(line)
    }

    /// `3 tokens: 2 ready, 1 unavailable`
    private func text(_ counts: [TokenState: Int]) -> String {
        let number = counts.values.reduce(0, +)
        let parts = TokenState.allCases.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
        return parts.isEmpty ? "no tokens configured" : "\(number) token\(number == 1 ? "" : "s"): " + parts.joined(separator: ", ")
    }
}
