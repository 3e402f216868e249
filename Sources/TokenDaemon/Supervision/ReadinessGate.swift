internal import Systemd
internal import TokenLedger

/// Holds back READY=1 until the policy is met: at once, or when every token that is kept has come to a final state.
final class ReadinessGate {
    private let keeper: TokenKeeper
    private let loop: Loop
    private let isReady: () -> Void
    private let began: Int64
    private var timer: LoopTimer?
    /// Whether READY=1 has been said.
    private(set) var isOpen = false

    /// Longer than this no start waits for an identity server.
    private static let patience = Int64.seconds(60)
    private static let interval = Int64.seconds(1) / 10

    init(_ keeper: TokenKeeper, _ loop: Loop, _ isReady: @escaping () -> Void) throws(SystemError) {
        self.keeper = keeper
        self.loop = loop
        self.isReady = isReady
        began = loop.now
        timer = try loop.timer { [unowned self] in look() }
        timer?.set(at: loop.now)
    }

    private func look() {
        if isMet || loop.now - began > Self.patience {
            isOpen = true
            return isReady()
        }
        timer?.set(at: loop.now + Self.interval)
    }

    private var isMet: Bool {
        switch keeper.ledger.configuration.readiness {
        case .sockets: true
        case .firstTokens:
            keeper.ledger.configuration.tokens.values.filter { $0.keep == .always }.allSatisfy { token in
                switch keeper.ledger.status(of: token.name, at: keeper.now).state {
                case .renewing, .idle: false
                case .ready, .degraded, .unavailable, .loginRequired, .refused, .expired, .locked, .unconfigured: true
                }
            }
        }
    }
}
