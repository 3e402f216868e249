extension Ledger {
    /// How many tokens are in which state.
    package func counts(at boot: Int64) -> [TokenState: Int] {
        let now = Moment(boot: boot, wall: 0)
        return configuration.tokens.keys.reduce(into: [:]) { $0[status(of: $1, at: now).state, default: 0] += 1 }
    }
}
