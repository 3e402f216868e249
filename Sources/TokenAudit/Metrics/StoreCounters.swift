package import TokenLedger

/// What the disk is asked for, and how long it takes.
package struct StoreCounters: Sendable {
    private var begun: [UInt64: Int64] = [:]
    private(set) var done: UInt64 = 0
    private(set) var failed: UInt64 = 0
    private(set) var durations = Histogram.ofWrites

    package init() {}

    /// Tasks handed over that have not come back.
    var waiting: Int { begun.count }

    /// - Parameter boot: CLOCK_BOOTTIME
    package mutating func began(_ task: StoreTask, at boot: Int64) { begun[task.id] = boot }

    package mutating func ended(_ report: StoreReport, at boot: Int64) {
        guard let began = begun.removeValue(forKey: report.id) else { return }
        switch report.result {
        case .success: done += 1
        case .failure: failed += 1
        }
        durations.add(boot - began)
    }
}
