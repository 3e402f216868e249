/// How long something took, in a few classes.
package struct Histogram: Sendable, Equatable {
    /// Upper bounds in nanoseconds, rising.
    package let bounds: [Int64]
    /// How many lie in each class and in none below it; the last is without a bound.
    package private(set) var counts: [UInt64]
    /// Nanoseconds in all.
    package private(set) var sum: Int64 = 0

    package init(_ bounds: [Int64]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    package mutating func add(_ nanoseconds: Int64) {
        counts[bounds.firstIndex { nanoseconds <= $0 } ?? bounds.count] += 1
        sum &+= max(0, nanoseconds)
    }

    /// For what a network takes: 0.1 s ... 30 s.
    package static let ofExchanges = Histogram([100, 300, 1_000, 3_000, 10_000, 30_000].map { $0 * 1_000_000 })
    /// For what a disk takes: 1 ms ... 10 s.
    package static let ofWrites = Histogram([1, 10, 100, 1_000, 10_000].map { $0 * 1_000_000 })
    /// For how late the loop is: 1 ms ... 1 s.
    package static let ofDelays = Histogram([1, 10, 100, 1_000].map { $0 * 1_000_000 })
}
