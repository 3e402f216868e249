import Glibc

/// How many times the processor time of `work` grows from one size to another: the shortest of three runs of each, on this thread's own clock
/// (clock_gettime(2), CLOCK_THREAD_CPUTIME_ID), so that a busy machine changes little of it.
///
/// Linear work grows as its size does, quadratic work by the square of that.
package func growth<Size>(from small: Size, to large: Size, _ work: (Size) throws -> Duration) rethrows -> Double {
    func shortest(_ size: Size) throws -> Duration { try (0..<3).map { _ in try work(size) }.min() ?? .zero }
    return try shortest(large) / shortest(small)
}

/// The processor time that `work` takes on this thread.
package func processorTime(of work: () throws -> Void) rethrows -> Duration {
    func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let start = now()
    try work()
    return now() - start
}
