/// The clock of the instance: the wall clock plus an offset that tests set.
package struct SimulatedClock: Sendable {
    /// Seconds by which the instance is ahead of the wall clock.
    package private(set) var offset = 0

    package init() {}

    /// - Parameter wall: the machine's clock in seconds since the epoch.
    package func now(wall: Int) -> Int { wall + offset }

    package mutating func advance(by seconds: Int) { offset += seconds }

    /// Sets the present time; the clock continues from there.
    package mutating func set(to time: Int, wall: Int) { offset = time - wall }
}
