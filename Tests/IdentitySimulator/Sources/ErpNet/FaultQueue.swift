/// The faults that are set, in the order in which they will be met.
package struct FaultQueue: Sendable {
    package private(set) var faults: [Fault] = []
    private var nextID = 1

    package init() {}

    /// An empty queue that goes on numbering, so that an old number never means a new fault.
    package init(after other: FaultQueue) { nextID = other.nextID }

    /// Adds the fault of a control line at the end and returns its number.
    package mutating func add(_ line: ControlLine) throws(ControlError) -> Int {
        let fault = try Fault(line, id: nextID)
        faults.append(fault)
        nextID += 1
        return fault.id
    }

    /// The first fault that meets this request; it is then used up by one.
    package mutating func take(for request: Request, client: String?) -> Fault? {
        guard let index = faults.firstIndex(where: { $0.target.meets(request, client: client) }) else { return nil }
        if let remaining = faults[index].remaining { faults[index].remaining = remaining - 1 }
        let taken = faults[index]
        if taken.remaining == 0 { faults.remove(at: index) }
        return taken
    }

    /// Removes the faults that `which` picks and returns their numbers.
    package mutating func clear(_ which: (Fault) -> Bool) -> [Int] {
        let cleared = faults.filter(which).map(\.id)
        faults.removeAll(where: which)
        return cleared
    }
}
