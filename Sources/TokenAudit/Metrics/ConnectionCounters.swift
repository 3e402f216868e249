/// Who came, and who was turned away at the door.
package struct ConnectionCounters: Sendable {
    package enum Limit: String, Sendable, CaseIterable {
        /// `[limits]` of the configuration
        case connections
        /// the process has none left
        case descriptors
    }

    package private(set) var open = 0
    private(set) var accepted: UInt64 = 0
    private var refused: [Limit: UInt64] = [:]

    package init() {}

    package mutating func opened() {
        open += 1
        accepted &+= 1
    }

    package mutating func closed() { open -= 1 }

    package mutating func turnedAway(for limit: Limit) { refused[limit, default: 0] += 1 }

    func turnedAway(_ limit: Limit) -> UInt64 { refused[limit] ?? 0 }
}
