extension Ledger {
    /// How many tokens are in which state, with those that only the store knows.
    package func counts(at boot: Int64) -> [TokenState: Int] {
        let now = Moment(boot: boot, wall: 0)
        let configured = configuration.tokens.keys.reduce(into: [TokenState: Int]()) { $0[status(of: $1, at: now).state, default: 0] += 1 }
        let others = holdings.keys.count(where: isUnconfigured)
        return others == 0 ? configured : configured.merging([.unconfigured: others]) { $1 }
    }
}
