/// The time the instance believes in: the wall clock and an offset that tests move.
package struct SimulatedClock: Sendable {
    /// Seconds that the instance is ahead of the wall clock.
    package private(set) var offset = 0

    package init() {}

    /// - Parameter wall: Unix seconds of the machine's clock.
    package func now(wall: Int) -> Int { wall + offset }

    package mutating func advance(by seconds: Int) { offset += seconds }

    /// Shows `time` now, and goes on ticking from there.
    package mutating func set(to time: Int, wall: Int) { offset = time - wall }
}
