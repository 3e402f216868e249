internal import TokenWire

extension Ledger {
    /// How many tokens are in which state, with those that only the store knows.
    package func counts(at boot: Int64) -> [TokenState: Int] {
        var count = StateCount(self)
        while !count.isComplete { count.step(self, at: boot) }
        return count.states
    }
}

/// How many tokens are in which state, counted one after the other: ten thousand are counted in several turns of the loop.
package struct StateCount: Sendable {
    private var names: ArraySlice<TokenName>
    package private(set) var states: [TokenState: Int] = [:]

    package init(_ ledger: Ledger) { names = ledger.policy.names[...] }

    package private(set) var isComplete = false

    /// Counts the next one. Those that only the store knows come last, in one step.
    package mutating func step(_ ledger: Ledger, at boot: Int64) {
        if let name = names.popFirst() {
            states[ledger.status(of: name, at: Moment(boot: boot, wall: 0)).state, default: 0] += 1
        } else if !isComplete {
            let others = ledger.unconfigured.count
            if others > 0 { states[.unconfigured] = others }
            isComplete = true
        }
    }
}
