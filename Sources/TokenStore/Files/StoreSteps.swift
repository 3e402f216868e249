/// What the store does with the disk, in the order in which it happens, and the calls it makes for it: where a power cut and a bad disk can
/// be tried. A release knows nothing of it; see `FaultPlan`.
package struct StoreSteps: Sendable {
    /// What has just been done.
    enum Step: String, Sendable, CaseIterable {
        case intentCreated = "intent-created"
        case intentAllocated = "intent-allocated"
        case intentWritten = "intent-written"
        case intentSynced = "intent-synced"
        case intentRenamed = "intent-renamed"
        case intentFolderSynced = "intent-folder-synced"
        case successorWritten = "successor-written"
        case successorSynced = "successor-synced"
        case successorRenamed = "successor-renamed"
        case successorFolderSynced = "successor-folder-synced"
        case withdrawn = "withdrawn"
        case withdrawnFolderSynced = "withdrawn-folder-synced"
        case movedAside = "moved-aside"
    }

    enum Call: String, Sendable, CaseIterable {
        case create, open, allocate, write, truncate, fsync, rename, link, unlink
    }

    #if FAULTS
    private let plan: FaultPlan?

    init(_ plan: FaultPlan?) { self.plan = plan }

    /// With the faults that the environment asks for.
    package init() { self.init(.ofEnvironment) }

    /// What is done before there is a store.
    static let undisturbed = StoreSteps(nil)
    #else
    package init() {}

    static let undisturbed = StoreSteps()
    #endif

    @inline(__always)
    func reached(_ step: Step) {
        #if FAULTS
        plan?.reached(step)
        #endif
    }

    /// The number of an error with which a call is to fail instead of being made.
    @inline(__always)
    func failure(of call: Call) -> Int32? {
        #if FAULTS
        return plan?.failure(of: call)
        #else
        return nil
        #endif
    }
}
